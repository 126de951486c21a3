TESTS += tests/systemd/services
dist_check_SCRIPTS += tests/systemd/services
EXTRA_DIST += tests/systemd/boot
