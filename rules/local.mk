noinst_LTLIBRARIES += rules/librules.la
rules_librules_la_CFLAGS = $(AM_CFLAGS)
rules_librules_la_SOURCES = \
	rules/clock.c rules/clock.h \
	rules/invitation.c rules/invitation.h \
	rules/lockout.c rules/lockout.h \
	rules/names.c rules/names.h \
	rules/numbers.c rules/numbers.h \
	rules/password.c rules/password.h \
	rules/password_age.c rules/password_age.h \
	rules/registration.c rules/registration.h \
	rules/reserved.c rules/reserved.h \
	rules/setting.c rules/setting.h \
	rules/ssh_key.c rules/ssh_key.h \
	rules/status.c rules/status.h \
	rules/token.c rules/token.h \
	rules/utf8.c rules/utf8.h \
	rules/verdict.c rules/verdict.h
