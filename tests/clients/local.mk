# SPDX-License-Identifier: OLDAP-2.8
# Stock nslcd and sssd, with PAM and sshd, in containers of their own.
client_tests = \
	tests/clients/journey \
	tests/clients/membership
if HAVE_SLAPD
TESTS += $(client_tests)
endif
EXTRA_DIST += $(client_tests) \
	tests/clients/container.py \
	tests/clients/served.py
