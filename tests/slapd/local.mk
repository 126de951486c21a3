# tests/slapd
# One slapd with the overlay.
overlay_tests = \
	tests/slapd/test101-suspension \
	tests/slapd/test102-passwords \
	tests/slapd/test103-groups \
	tests/slapd/test104-modules \
	tests/slapd/test105-flood \
	tests/slapd/test106-config
if HAVE_SLAPD
TESTS += $(overlay_tests)
endif
EXTRA_DIST += $(overlay_tests) tests/slapd/overlay.py
