# SPDX-License-Identifier: OLDAP-2.8
# people.awk - an LDIF of people and groups, as slapcat would print it
#
# awk -v people=10000 -v groups=200 -v suffix=dc=example,dc=org -f people.awk
#
# Of ten groups, eight are Roster's own, one is another posixGroup and one a
# groupOfNames with members elsewhere.  Every 50th member does not exist.

function operational(n, class)
{
	printf "structuralObjectClass: %s\n", class
	printf "entryUUID: %08x-0000-4000-8000-%012x\n", n, n
	printf "creatorsName: cn=admin,%s\n", suffix
	printf "createTimestamp: 20240102030405Z\n"
	printf "entryCSN: 20240102030405.%06dZ#000000#000#000000\n", n
	printf "modifiersName: cn=admin,%s\n", suffix
	printf "modifyTimestamp: 20240102030405Z\n\n"
}

function unit(name, n)
{
	printf "dn: ou=%s,%s\nobjectClass: organizationalUnit\nou: %s\n",
		name, suffix, name
	operational(n, "organizationalUnit")
}

function person(n)
{
	printf "dn: uid=p%05d,ou=people,%s\n", n, suffix
	printf "objectClass: top\nobjectClass: person\n"
	printf "objectClass: organizationalPerson\n"
	printf "objectClass: inetOrgPerson\nobjectClass: posixAccount\n"
	printf "objectClass: shadowAccount\nobjectClass: ldapPublicKey\n"
	printf "objectClass: rosterAccount\n"
	printf "uid: p%05d\ncn: Person %d\nsn: %d\n", n, n, n
	printf "givenName: Person\nmail: p%05d@example.org\n", n
	printf "uidNumber: %d\ngidNumber: 2001\n", 10000 + n
	printf "homeDirectory: /home/p%05d\nloginShell: /bin/sh\n", n
	printf "rosterStatus: active\n"
	operational(1000 + n, "inetOrgPerson")
}

# The members of group n: twenty people, one of them perhaps unknown.
function members(n, attr, i, m, name)
{
	for (i = 0; i < 20; i++) {
		m = (n * 37 + i * 101) % people + 1
		name = sprintf("p%05d", m)
		if (m % 50 == 0)
			name = "ghost" m
		if (attr == "memberUid")
			printf "memberUid: %s\n", name
		else if (name !~ /^ghost/)
			printf "%s: uid=%s,ou=people,%s\n", attr, name, suffix
		else if (attr == "member" && n % 10 == 9)
			printf "member: uid=%s,ou=elsewhere,%s\n", name, suffix
	}
}

function group(n)
{
	printf "dn: cn=g%03d,ou=groups,%s\n", n, suffix
	if (n % 10 == 9) {
		printf "objectClass: groupOfNames\ncn: g%03d\n", n
		members(n, "member")
		printf "member: cn=Elsewhere %d,dc=other\n", n
		operational(100000 + n, "groupOfNames")
		return
	}
	printf "objectClass: groupOfMembers\nobjectClass: posixGroup\n"
	if (n % 10 != 8)
		printf "objectClass: rosterGroup\n"
	printf "cn: g%03d\ngidNumber: %d\n", n, 3000 + n
	members(n, "memberUid")
	if (n % 10 != 8)
		members(n, "member")
	operational(100000 + n, "groupOfMembers")
}

BEGIN {
	printf "dn: %s\nobjectClass: organization\nobjectClass: dcObject\n",
		suffix
	printf "o: Example\ndc: example\n"
	operational(1, "organization")
	unit("groups", 2)
	unit("people", 3)
	# groups first: their members are not there yet
	for (i = 1; i <= groups; i++)
		group(i)
	for (i = 1; i <= people; i++)
		person(i)
}
