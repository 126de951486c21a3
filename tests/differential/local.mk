# SPDX-License-Identifier: OLDAP-2.8
# Roster beside back-mdb of the same slapd.
if HAVE_SLAPD
TESTS += tests/differential/differential tests/differential/intended
endif
EXTRA_DIST += \
	tests/differential/differential \
	tests/differential/intended \
	tests/differential/ber.py \
	tests/differential/known \
	tests/differential/operations.py \
	tests/differential/servers.py
