# SPDX-License-Identifier: OLDAP-2.8
# Stock nslcd and sssd, with PAM and sshd, in containers of their own; and what
# they and other clients send, row by row.
client_tests = \
	tests/clients/crossview \
	tests/clients/containers \
	tests/clients/hosts \
	tests/clients/impostor \
	tests/clients/crowd \
	tests/clients/failover \
	tests/clients/journey \
	tests/clients/libraries \
	tests/clients/many \
	tests/clients/membership tests/clients/nested \
	tests/clients/password-states \
	tests/clients/queries
if HAVE_SLAPD
TESTS += $(client_tests)
endif
EXTRA_DIST += $(client_tests) \
	tests/clients/conformance.py \
	tests/clients/container.py \
	tests/clients/proxmox.pl \
	tests/clients/served.py
