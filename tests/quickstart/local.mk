# What contrib/quickstart decides; that it works as a whole is shown by CI,
# which runs it.
TESTS += tests/quickstart/functions
dist_check_SCRIPTS += tests/quickstart/functions
