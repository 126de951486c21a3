# tests/fuzz: a target a parser, for libFuzzer; here over its corpus alone.
#
# "make fuzz" in a build that was configured with --enable-fuzzer and clang
# goes on from there; tests/fuzz/live makes such a build and gives each target
# some seconds.
fuzz_targets = \
	tests/fuzz/fuzz_conf \
	tests/fuzz/fuzz_cookie \
	tests/fuzz/fuzz_form \
	tests/fuzz/fuzz_http \
	tests/fuzz/fuzz_invites \
	tests/fuzz/fuzz_json \
	tests/fuzz/fuzz_key \
	tests/fuzz/fuzz_mail \
	tests/fuzz/fuzz_names \
	tests/fuzz/fuzz_normal \
	tests/fuzz/fuzz_password \
	tests/fuzz/fuzz_proxy \
	tests/fuzz/fuzz_query \
	tests/fuzz/fuzz_record \
	tests/fuzz/fuzz_request \
	tests/fuzz/fuzz_row \
	tests/fuzz/fuzz_state \
	tests/fuzz/fuzz_time

check_PROGRAMS += $(fuzz_targets) tests/fuzz/seeds
noinst_HEADERS += tests/fuzz/fuzz.h
fuzz_cflags = $(AM_CFLAGS) $(CJSON_CFLAGS) $(SODIUM_CFLAGS) -I$(LMDB_SRC)
fuzz_ldadd = httpd/libhttpd.la -lstdc++
# rosterd whole, for a process that has a main() already
check_LTLIBRARIES += tests/fuzz/librosterd.la
tests_fuzz_librosterd_la_CPPFLAGS = $(AM_CPPFLAGS) -Dmain=rosterd_main
tests_fuzz_librosterd_la_CFLAGS = $(rosterd_CFLAGS) -Wno-missing-prototypes
tests_fuzz_librosterd_la_SOURCES = httpd/main.c
if FUZZER
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzz_ldflags = $(AM_LDFLAGS)
fuzz_main = tests/fuzz/main.c
endif

tests_fuzz_seeds_SOURCES = tests/fuzz/seeds.c
tests_fuzz_seeds_CFLAGS = $(fuzz_cflags)
tests_fuzz_seeds_LDADD = store/libstore.la

tests_fuzz_fuzz_conf_SOURCES = tests/fuzz/fuzz_conf.c $(fuzz_main)
tests_fuzz_fuzz_conf_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_conf_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_conf_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_cookie_SOURCES = tests/fuzz/fuzz_cookie.c backend/cookie.c \
	$(fuzz_main)
tests_fuzz_fuzz_cookie_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_cookie_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_cookie_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_form_SOURCES = tests/fuzz/fuzz_form.c $(fuzz_main)
tests_fuzz_fuzz_form_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_form_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_form_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_http_SOURCES = tests/fuzz/fuzz_http.c $(fuzz_main)
tests_fuzz_fuzz_http_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_http_LDADD = tests/fuzz/librosterd.la $(rosterd_LDADD)
tests_fuzz_fuzz_http_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_invites_SOURCES = tests/fuzz/fuzz_invites.c $(fuzz_main)
tests_fuzz_fuzz_invites_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_invites_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_invites_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_json_SOURCES = tests/fuzz/fuzz_json.c $(fuzz_main)
tests_fuzz_fuzz_json_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_json_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_json_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_key_SOURCES = tests/fuzz/fuzz_key.c $(fuzz_main)
tests_fuzz_fuzz_key_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_key_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_key_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_mail_SOURCES = tests/fuzz/fuzz_mail.c $(fuzz_main)
tests_fuzz_fuzz_mail_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_mail_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_mail_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_names_SOURCES = tests/fuzz/fuzz_names.c $(fuzz_main)
tests_fuzz_fuzz_names_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_names_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_names_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_normal_SOURCES = tests/fuzz/fuzz_normal.c $(fuzz_main)
tests_fuzz_fuzz_normal_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_normal_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_normal_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_password_SOURCES = tests/fuzz/fuzz_password.c $(fuzz_main)
tests_fuzz_fuzz_password_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_password_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_password_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_proxy_SOURCES = tests/fuzz/fuzz_proxy.c $(fuzz_main)
tests_fuzz_fuzz_proxy_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_proxy_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_proxy_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_query_SOURCES = tests/fuzz/fuzz_query.c $(fuzz_main)
tests_fuzz_fuzz_query_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_query_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_query_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_record_SOURCES = tests/fuzz/fuzz_record.c $(fuzz_main)
tests_fuzz_fuzz_record_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_record_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_record_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_request_SOURCES = tests/fuzz/fuzz_request.c $(fuzz_main)
tests_fuzz_fuzz_request_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_request_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_request_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_row_SOURCES = tests/fuzz/fuzz_row.c $(fuzz_main)
tests_fuzz_fuzz_row_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_row_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_row_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_state_SOURCES = tests/fuzz/fuzz_state.c tools/state_read.c \
	$(fuzz_main)
tests_fuzz_fuzz_state_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_state_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_state_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_time_SOURCES = tests/fuzz/fuzz_time.c $(fuzz_main)
tests_fuzz_fuzz_time_CFLAGS = $(fuzz_cflags)
tests_fuzz_fuzz_time_LDADD = $(fuzz_ldadd)
tests_fuzz_fuzz_time_LDFLAGS = $(fuzz_ldflags)

FUZZ_SECONDS = 60
fuzz: $(fuzz_targets)
	FUZZ_SECONDS='$(FUZZ_SECONDS)' top_srcdir='$(abs_top_srcdir)' \
		top_builddir='$(abs_top_builddir)' \
		$(srcdir)/tests/fuzz/run $(fuzz_targets)
.PHONY: fuzz

TESTS += tests/fuzz/replay tests/fuzz/live
dist_check_SCRIPTS += tests/fuzz/replay tests/fuzz/live
EXTRA_DIST += tests/fuzz/run

include tests/fuzz/corpus.mk
