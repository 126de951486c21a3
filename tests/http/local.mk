# rosterd for real: its own environment, a free port, a mail sink.
check_PROGRAMS += tests/http/seed
tests_http_seed_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
tests_http_seed_SOURCES = tests/http/seed.c
tests_http_seed_LDADD = lifecycle/liblifecycle.la

# rosterd, which counts what it asks of the B-trees, and may be busy.
check_PROGRAMS += tests/http/counting
tests_http_counting_CFLAGS = $(rosterd_CFLAGS) -isystem $(LMDB_SRC)
tests_http_counting_SOURCES = httpd/main.c tests/http/counting.c
tests_http_counting_LDFLAGS = -Wl,--wrap=mdb_get -Wl,--wrap=mdb_cursor_get \
	-Wl,--wrap=mdb_txn_begin
tests_http_counting_LDADD = $(rosterd_LDADD)

http_tests = \
	tests/http/test_admin.py \
	tests/http/test_agreements.py \
	tests/http/test_access.py \
	tests/http/test_deploy.py \
	tests/http/test_edits.py \
	tests/http/test_browser.py \
	tests/http/test_busy.py \
	tests/http/test_front.py \
	tests/http/test_gate.py \
	tests/http/test_hazards.py \
	tests/http/test_input.py \
	tests/http/test_journey.py \
	tests/http/test_lifetimes.py \
	tests/http/test_limits.py \
	tests/http/test_look.py \
	tests/http/test_mail.py \
	tests/http/test_letters.py \
	tests/http/test_mail_change.py \
	tests/http/test_matrix.py \
	tests/http/test_once.py \
	tests/http/test_openapi.py \
	tests/http/test_openidcs.py \
	tests/http/test_pages.py \
	tests/http/test_people.py \
	tests/http/test_proxies.py \
	tests/http/test_serve.py \
	tests/http/test_sessions.py \
	tests/http/test_templates.py \
	tests/http/test_tokens.py
TESTS += $(http_tests)
dist_check_SCRIPTS += $(http_tests)
EXTRA_DIST += tests/http/accessible.js tests/http/browser.py tests/http/rosterd.py

# The pictures of the manuals, as the pages look now.
pictures: all tests/http/seed
	top_srcdir=$(srcdir) top_builddir=$(builddir) \
		ROSTER_DOC_PICTURES=$(srcdir)/doc/pictures \
		/usr/bin/python3 $(srcdir)/tests/http/test_browser.py
.PHONY: pictures
