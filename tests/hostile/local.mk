# SPDX-License-Identifier: OLDAP-2.8
# What an enemy sends over LDAP, against contrib/quickstart's configuration.
# tests/hostile/record writes the sessions anew; it is no test.
hostile_tests = \
	tests/hostile/bad-ldap \
	tests/hostile/mutate \
	tests/hostile/table
if HAVE_SLAPD
TESTS += $(hostile_tests)
endif
EXTRA_DIST += $(hostile_tests) \
	tests/hostile/ber.py \
	tests/hostile/proxy.py \
	tests/hostile/record \
	tests/hostile/rows.py \
	tests/hostile/world.py \
	tests/hostile/sessions/ldap-utils \
	tests/hostile/sessions/nslcd \
	tests/hostile/sessions/python-ldap \
	tests/hostile/sessions/sssd
