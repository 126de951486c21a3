sbin_PROGRAMS += rosterctl
rosterctl_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS) $(CJSON_CFLAGS)
rosterctl_SOURCES = \
	tools/agreement.c \
	tools/audit.c \
	tools/backup.c \
	tools/bootstrap.c \
	tools/calibrate.c \
	tools/check.c \
	tools/config.c \
	tools/demote.c \
	tools/group.c \
	tools/host.c \
	tools/info.c \
	tools/init.c \
	tools/invite.c \
	tools/key.c \
	tools/link.c \
	tools/mail.c \
	tools/noun.c tools/noun.h \
	tools/preset.c \
	tools/promote.c \
	tools/report.c \
	tools/resize.c \
	tools/rosterctl.c tools/rosterctl.h \
	tools/session.c \
	tools/state.c tools/state.h tools/state_apply.c \
	tools/state_export.c tools/state_form.c tools/state_policy.c tools/state_read.c \
	tools/sweep.c \
	tools/token.c \
	tools/user.c \
	tools/why.c
rosterctl_LDADD = lifecycle/liblifecycle.la $(CJSON_LIBS) $(SODIUM_LIBS)
