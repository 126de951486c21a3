roster_la_SOURCES += \
	overlay/lifecycle.c overlay/lifecycle.h
