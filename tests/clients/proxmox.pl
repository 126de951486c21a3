#!/usr/bin/perl
# SPDX-License-Identifier: OLDAP-2.8
# proxmox.pl - what Proxmox VE's realm of type ldap asks, by Net::LDAP
#
# Arguments: URI, CA file, base, bind DN, its password, a person's name and
# password.  Prints "login DN", "user NAME|MAIL|FIRST|LAST|COMMENT" and
# "group NAME|MEMBER...", sorted; ends with 1 and the reason at any result
# code that is not 0, as the sync does.
use strict;
use warnings;

use Net::LDAP;
use Net::LDAP::Constant qw(LDAP_CONTROL_PAGED);
use Net::LDAP::Control::Paged;

my ($uri, $ca, $base, $bind_dn, $bind_pw, $name, $password) = @ARGV;
my $always = 2;    # the deref it sends with everything

sub connected
{
	my $ldap = Net::LDAP->new($uri, timeout => 30, onerror => 'die')
	    or die "connect: $@\n";
	$ldap->start_tls(verify => 'require', cafile => $ca);
	return $ldap;
}

# Call $each for every entry that the filter finds, page after page.
sub paged_each
{
	my ($ldap, $size, $where, $filter, $attrs, $each) = @_;
	my $page = Net::LDAP::Control::Paged->new(size => $size);
	my $pages = 0;

	while (1) {
		my $found = $ldap->search(base => $where, scope => 'sub',
			deref => $always, filter => $filter, control => [$page],
			attrs => $attrs);
		$pages++;
		$each->($_) for $found->entries;
		my ($answer) = $found->control(LDAP_CONTROL_PAGED) or last;
		last if !length($answer->cookie // '');
		$page->cookie($answer->cookie);
	}
	return $pages;
}

sub login
{
	my $ldap = connected();

	$ldap->bind($bind_dn, password => $bind_pw);
	my $found = $ldap->search(base => $base, scope => 'sub',
		deref => $always, filter => "uid=$name", attrs => ['dn']);
	my $dn = $found->entry(0)->dn;
	$ldap->bind($dn, password => $password);
	print "login $dn\n";
}

my $ldap = connected();
$ldap->bind($bind_dn, password => $bind_pw);

# Users, by whatever of these attributes they have: most of the names are none
# that this server knows.
my @wanted = qw(uid enable expire firstname lastname email comment keys mail
	givenName sn description);
my %classes = map { $_ => 1 } qw(inetorgperson posixaccount person user);
my $filter = '(&(&(objectClass=posixAccount)(rosterStatus=active))(&(|'
    . join('', map { "($_=*)" } @wanted) . ')(|'
    . join('', map { "(objectClass=$_)" } keys %classes) . ')))';
my (%users, @lines);
my $pages = paged_each($ldap, 900, $base, $filter,
	[@wanted, 'memberOf'], sub {
		my ($entry) = @_;
		my $uid = $entry->get_value('uid');
		$users{lc $entry->dn} = $uid;
		push @lines, join('|', "user $uid", map {
			$entry->get_value($_) // '' } qw(mail givenName sn
			description));
	});
print "$_\n" for sort @lines;
print "user-pages $pages\n";

# Groups; members are compared with the users' DNs as lower-cased text.
@lines = ();
$pages = paged_each($ldap, 100, "ou=groups,$base",
	'(|(objectClass=groupOfMembers)(objectClass=groupOfNames)'
	    . '(objectClass=group)(objectClass=univentionGroup)'
	    . '(objectClass=ipausergroup))',
	[qw(member uniqueMember cn)], sub {
		my ($entry) = @_;
		my $group = $entry->get_value('cn');
		die "a name that it refuses: $group\n"
		    unless $group =~ /^[A-Za-z0-9\.\-_]+$/;
		push @lines, join('|', "group $group", sort map {
			$users{lc $_} // "unknown $_" } $entry->get_value('member'));
	});
print "$_\n" for sort @lines;
print "group-pages $pages\n";
login();
