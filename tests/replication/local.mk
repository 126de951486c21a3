# tests/replication: several slapds on one machine, stock ones among them.
replication_tests = \
	tests/replication/consumers \
	tests/replication/edges \
	tests/replication/follow \
	tests/replication/members \
	tests/replication/promote \
	tests/replication/recipes \
	tests/replication/replica \
	tests/replication/replica-pages \
	tests/replication/storm
if HAVE_SLAPD
TESTS += $(replication_tests)
endif
EXTRA_DIST += $(replication_tests) tests/replication/topology.py
