# tests/replication: several slapds on one machine, stock ones among them.
replication_tests = \
	tests/replication/consumers \
	tests/replication/delayed \
	tests/replication/edges \
	tests/replication/follow \
	tests/replication/gate \
	tests/replication/impostor \
	tests/replication/members \
	tests/replication/names \
	tests/replication/online \
	tests/replication/probe \
	tests/replication/promote \
	tests/replication/recipes \
	tests/replication/replica \
	tests/replication/replica-pages \
	tests/replication/storm \
	tests/replication/trees
if HAVE_SLAPD
TESTS += $(replication_tests)
# Loaded into slapd, so a shared library although nobody installs it.
check_LTLIBRARIES += tests/replication/obstacle.la
tests_replication_obstacle_la_SOURCES = tests/replication/obstacle.c
tests_replication_obstacle_la_CPPFLAGS = $(AM_CPPFLAGS) -DSLAPD_IMPORT \
	-isystem $(OPENLDAP_SRC)/include \
	-isystem $(OPENLDAP_SRC)/servers/slapd
tests_replication_obstacle_la_CFLAGS = $(AM_CFLAGS) \
	-Wno-missing-field-initializers -Wno-unused-parameter \
	-fvisibility=default
tests_replication_obstacle_la_LDFLAGS = -module -avoid-version -shared \
	-rpath /nowhere
endif
EXTRA_DIST += $(replication_tests) tests/replication/page.py \
	tests/replication/topology.py
