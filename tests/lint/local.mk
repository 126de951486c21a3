lint_tests =
TESTS += $(lint_tests)
dist_check_SCRIPTS += $(lint_tests)
