noinst_LTLIBRARIES += httpd/libhttpd.la
httpd_libhttpd_la_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS) $(CJSON_CFLAGS) \
	$(CURL_CFLAGS) $(SODIUM_CFLAGS) $(GNUTLS_CFLAGS)
httpd_libhttpd_la_LIBADD = lifecycle/liblifecycle.la $(MHD_LIBS) \
	$(CJSON_LIBS) $(CURL_LIBS) $(SODIUM_LIBS) $(GNUTLS_LIBS) $(INIH_LIBS)
httpd_libhttpd_la_SOURCES = \
	httpd/http.h
sbin_PROGRAMS += rosterd
rosterd_CFLAGS = $(httpd_libhttpd_la_CFLAGS)
rosterd_SOURCES = httpd/main.c
rosterd_LDADD = httpd/libhttpd.la
