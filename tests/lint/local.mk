lint_tests = \
	tests/lint/check-acceptance \
	tests/lint/check-acts \
	tests/lint/check-banned \
	tests/lint/check-dist \
	tests/lint/check-format \
	tests/lint/check-hardening \
	tests/lint/check-heads \
	tests/lint/check-includes \
	tests/lint/check-length \
	tests/lint/check-man \
	tests/lint/check-paths \
	tests/lint/check-python \
	tests/lint/check-schema \
	tests/lint/check-settings \
	tests/lint/check-shell \
	tests/lint/check-skips \
	tests/lint/check-verdicts \
	tests/lint/check-words
TESTS += $(lint_tests)
dist_check_SCRIPTS += $(lint_tests)
EXTRA_DIST += tests/lint/lib.sh tests/lint/acts.py tests/lint/settings.py \
	tests/lint/verdicts.py

if HAVE_SLAPD
TESTS += tests/lint/check-exports
endif
EXTRA_DIST += tests/lint/check-exports
