# The overlay lifecycle: part of roster.la, see backend/local.mk.
roster_la_SOURCES += \
	overlay/attributes.c \
	overlay/bind.c \
	overlay/close.c \
	overlay/crowd.c \
	overlay/duty.c \
	overlay/forget.c \
	overlay/group.c \
	overlay/guard.c \
	overlay/identity.c \
	overlay/lifecycle.c overlay/lifecycle.h \
	overlay/limits.c \
	overlay/over_priv.h \
	overlay/passwd.c \
	overlay/permit.c \
	overlay/ppolicy.c \
	overlay/prove.c \
	overlay/readnames.c \
	overlay/secret.c \
	overlay/token.c \
	overlay/txn.c
