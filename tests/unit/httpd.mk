# units of httpd/
#
# One line a test in http_units; its variables are those of all units.
http_units = \
	tests/unit/test_address \
	tests/unit/test_conf \
	tests/unit/test_form \
	tests/unit/test_json \
	tests/unit/test_lobby \
	tests/unit/test_log \
	tests/unit/test_mail_text \
	tests/unit/test_query \
	tests/unit/test_rate \
	tests/unit/test_request_gate \
	tests/unit/test_route \
	tests/unit/test_template

check_PROGRAMS += $(http_units)
TESTS += $(http_units)

http_unit_cflags = $(AM_CFLAGS) $(CJSON_CFLAGS) $(SODIUM_CFLAGS) \
	$(CMOCKA_CFLAGS)
# template_render.cc needs its library: see httpd/local.mk
http_unit_ldadd = httpd/libhttpd.la $(CMOCKA_LIBS) -lstdc++

tests_unit_test_address_CFLAGS = $(http_unit_cflags)
tests_unit_test_address_LDADD = $(http_unit_ldadd)
tests_unit_test_conf_CFLAGS = $(http_unit_cflags)
tests_unit_test_conf_LDADD = $(http_unit_ldadd)
tests_unit_test_form_CFLAGS = $(http_unit_cflags)
tests_unit_test_form_LDADD = $(http_unit_ldadd)
tests_unit_test_json_CFLAGS = $(http_unit_cflags)
tests_unit_test_json_LDADD = $(http_unit_ldadd)
tests_unit_test_lobby_CFLAGS = $(http_unit_cflags)
tests_unit_test_lobby_LDADD = $(http_unit_ldadd)
tests_unit_test_log_CFLAGS = $(http_unit_cflags)
tests_unit_test_log_LDADD = $(http_unit_ldadd)
tests_unit_test_mail_text_CFLAGS = $(http_unit_cflags)
tests_unit_test_mail_text_LDADD = $(http_unit_ldadd)
tests_unit_test_query_CFLAGS = $(http_unit_cflags)
tests_unit_test_query_LDADD = $(http_unit_ldadd)
tests_unit_test_rate_CFLAGS = $(http_unit_cflags)
tests_unit_test_rate_LDADD = $(http_unit_ldadd)
tests_unit_test_request_gate_CFLAGS = $(http_unit_cflags)
tests_unit_test_request_gate_LDADD = $(http_unit_ldadd)
tests_unit_test_route_CFLAGS = $(http_unit_cflags)
tests_unit_test_route_LDADD = $(http_unit_ldadd)
tests_unit_test_template_CFLAGS = $(http_unit_cflags)
tests_unit_test_template_LDADD = $(http_unit_ldadd)
