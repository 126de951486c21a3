# For slapd.conf and for cn=config; schema/to-ldif makes the second from the
# first, and tests/lint/check-schema says that they still agree.
schemadir = $(sysconfdir)/ldap/schema
dist_schema_DATA = \
	schema/ldapns.ldif \
	schema/ldapns.schema \
	schema/openssh-lpk.ldif \
	schema/openssh-lpk.schema \
	schema/rfc2307bis.ldif \
	schema/rfc2307bis.schema \
	schema/roster.ldif \
	schema/roster.schema \
	schema/sudo.ldif \
	schema/sudo.schema
EXTRA_DIST += schema/OIDS schema/to-ldif
