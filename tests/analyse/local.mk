# tests/analyse: cppcheck and clang-tidy; .clang-tidy says which checks.
TESTS += tests/analyse/short
dist_check_SCRIPTS += tests/analyse/short tests/analyse/run
EXTRA_DIST += .clang-tidy tests/analyse/lib.sh tests/analyse/cppcheck \
	tests/analyse/cjson.h

analyse:
	@top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
		'$(abs_top_srcdir)/tests/analyse/run'
.PHONY: analyse
