# SPDX-License-Identifier: OLDAP-2.8
# lib.sh - a private slapd for one test.  Sourced, not run.
#
# Everything lives in $run, a fresh directory removed at exit; the server
# listens on a socket in it, so tests never meet each other over a port.

top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
top_builddir=${top_builddir:-.}
module=$(cd "$top_builddir" && pwd)/.libs/roster.so
schema_dir=$(cd "$top_srcdir" && pwd)/schema
suffix=dc=example,dc=org

PATH=$PATH:/usr/sbin
slapd=$(command -v slapd) || exit 77
core=$(ls /etc/ldap/schema/core.schema /etc/openldap/schema/core.schema \
	2>/dev/null | head -n 1)
modules=$(ls -d /usr/lib/ldap /usr/lib/openldap 2>/dev/null | head -n 1)
test -n "$core" && test -n "$modules" || exit 77
command -v ldapsearch >/dev/null || exit 77
if ! test -f "$module"
then
	echo "$module is not built" >&2
	exit 1
fi
stock=$(dirname "$core")

# A module built with sanitizers needs their runtime first; what slapd itself
# leaks is not ours.
if test -n "$ROSTER_TEST_SLAPD_PRELOAD"
then
	LD_PRELOAD=$ROSTER_TEST_SLAPD_PRELOAD
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	export LD_PRELOAD ASAN_OPTIONS
fi

run=$(mktemp -d)
url=ldapi://$(printf %s "$run/ldapi" | sed 's|/|%2f|g')
pid=
cleanup()
{
	exec 3>&- # who waits for a word of ours gets the end of it
	test -z "$pid" || kill "$pid" 2>/dev/null
	wait
	rm -rf "$run"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
mkdir -m 2770 "$run/db"

fail()		# fail MESSAGE
{
	echo "FAIL: $*"
	test ! -f "$run/log" || tail -n 50 "$run/log"
	exit 1
}

schemas()	# the include lines every configuration begins with
{
	for s in core cosine inetorgperson
	do
		echo "include $stock/$s.schema"
	done
	for s in rfc2307bis openssh-lpk roster
	do
		echo "include $schema_dir/$s.schema"
	done
}

# A configuration with one database; further lines on stdin belong to it.
# Arguments: modules to load, in order.
write_conf()	# write_conf MODULE... <LINES
{
	schemas
	for m in "$@"
	do
		echo "moduleload $m"
	done
	cat <<-END
	pidfile $run/pid
	database config
	rootdn cn=config
	rootpw config
	database roster
	suffix $suffix
	rootdn cn=admin,$suffix
	rootpw secret
	directory $run/db
	END
	cat
} >"$run/slapd.conf"

# slapd opens its sockets before it reads its configuration, so a socket is no
# sign of life: ask it something.
start_slapd()	# start_slapd [OPTION...]
{
	test $# -gt 0 || set -- -f "$run/slapd.conf"
	"$slapd" -d none "$@" -h "$url" 2>"$run/log" &
	pid=$!
	tries=0
	until ldapwhoami -x -H "$url" >/dev/null 2>&1
	do
		tries=$((tries + 1))
		kill -0 "$pid" 2>/dev/null || fail "slapd does not start"
		test $tries -lt 600 || fail "slapd does not answer"
		sleep 0.05
	done
}

stop_slapd()
{
	kill "$pid"
	wait "$pid" || fail "slapd ended with status $?"
	pid=
}

search()	# search ARGUMENT...  (as root)
{
	ldapsearch -LLL -o ldif-wrap=no -x -H "$url" -D "cn=admin,$suffix" \
		-w secret -b "$suffix" "$@"
}

modify()	# modify [ARGUMENT...] <LDIF  (as root)
{
	ldapmodify -x -H "$url" -D "cn=admin,$suffix" -w secret "$@"
}

add()		# add <LDIF of entries  (as root)
{
	modify -a >"$run/out" 2>&1 || fail "cannot add: $(cat "$run/out")"
}

# The change on stdin is answered with this result code, and with this text
# when one is given.
expect_modify()	# expect_modify CODE [TEXT] <LDIF
{
	modify >"$run/out" 2>&1
	got=$?
	test $got -eq "$1" ||
		fail "expected result $1, got $got: $(cat "$run/out")"
	test $# -lt 2 || grep -F -- "$2" "$run/out" >/dev/null ||
		fail "no \"$2\" in: $(cat "$run/out")"
}

expect_bind()	# expect_bind CODE DN PASSWORD
{
	ldapwhoami -x -H "$url" -D "$2" -w "$3" >/dev/null 2>&1
	got=$?
	test $got -eq "$1" || fail "bind as $2: expected $1, got $got"
}

# The DNs that a search finds, without the suffix, sorted, on one line.
found()		# found ARGUMENT...
{
	search "$@" dn 2>&1 | sed -n 's/^dn: //p' | sed "s/,$suffix\$//" |
		sort | tr '\n' ' ' | sed 's/ $//'
}

expect_found()	# expect_found "DN DN" ARGUMENT...
{
	want=$1
	shift
	got=$(found "$@")
	test "$got" = "$want" || fail "$*: expected \"$want\", got \"$got\""
}

person()	# person UID UIDNUMBER [LINE]...
{
	cat <<-END
	dn: uid=$1,ou=people,$suffix
	objectClass: inetOrgPerson
	objectClass: posixAccount
	objectClass: shadowAccount
	objectClass: ldapPublicKey
	objectClass: rosterAccount
	uid: $1
	cn: The $1
	sn: $1
	uidNumber: $2
	gidNumber: 2001
	homeDirectory: /home/$1
	END
	shift 2
	for line in "$@"
	do
		echo "$line"
	done
	echo
}

group()		# group CN GIDNUMBER [LINE]...
{
	cat <<-END
	dn: cn=$1,ou=groups,$suffix
	objectClass: groupOfMembers
	objectClass: posixGroup
	objectClass: rosterGroup
	cn: $1
	gidNumber: $2
	END
	shift 2
	for line in "$@"
	do
		echo "$line"
	done
	echo
}

tree()		# the suffix and its two branches
{
	cat <<-END
	dn: $suffix
	objectClass: organization
	objectClass: dcObject
	o: Example
	dc: example

	dn: ou=people,$suffix
	objectClass: organizationalUnit
	ou: people

	dn: ou=groups,$suffix
	objectClass: organizationalUnit
	ou: groups

	END
}
