# SPDX-License-Identifier: OLDAP-2.8
# What an enemy sends over LDAP, against contrib/quickstart's configuration.
EXTRA_DIST += tests/hostile/ber.py
