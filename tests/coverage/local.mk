# tests/coverage: "make coverage", the share of lines that the tests run.
dist_check_SCRIPTS += tests/coverage/run tests/coverage/table
coverage:
	top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		'$(abs_top_srcdir)/tests/coverage/run' $(TESTS)
.PHONY: coverage
