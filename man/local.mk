dist_man_MANS += \
	man/roster.7 \
	man/rosterctl.8 \
	man/rosterd.8 \
	man/rosterd.conf.5 \
	man/slapd-roster.5 \
	man/slapo-lifecycle.5
