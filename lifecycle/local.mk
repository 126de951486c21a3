noinst_LTLIBRARIES += lifecycle/liblifecycle.la
lifecycle_liblifecycle_la_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS) \
	$(GNUTLS_CFLAGS) $(CJSON_CFLAGS)
lifecycle_liblifecycle_la_LIBADD = rules/librules.la store/libstore.la \
	$(SODIUM_LIBS) $(GNUTLS_LIBS) $(CJSON_LIBS) $(ZXCVBN_LIBS) -lcrypt
lifecycle_liblifecycle_la_SOURCES = \
	lifecycle/act_agreement.c \
	lifecycle/act_due.c \
	lifecycle/act_group.c \
	lifecycle/act_host.c \
	lifecycle/act_idle.c \
	lifecycle/act_init.c \
	lifecycle/act_invitation.c \
	lifecycle/act_invite_many.c \
	lifecycle/act_key.c \
	lifecycle/act_link.c \
	lifecycle/act_mail.c \
	lifecycle/act_mail_change.c \
	lifecycle/act_notice.c \
	lifecycle/act_password.c \
	lifecycle/act_password_age.c \
	lifecycle/act_person.c \
	lifecycle/act_preset.c \
	lifecycle/act_priv.h \
	lifecycle/act_register.c \
	lifecycle/act_reset.c \
	lifecycle/act_session.c lifecycle/act_session_end.c \
	lifecycle/act_setting.c \
	lifecycle/act_state.c lifecycle/act_state.h \
	lifecycle/act_status.c \
	lifecycle/act_sweep.c \
	lifecycle/act_ticket.c \
	lifecycle/act_token.c lifecycle/act_token_use.c \
	lifecycle/acts.c lifecycle/acts.h \
	lifecycle/attempt.c lifecycle/attempt.h lifecycle/attempt_report.c \
	lifecycle/audit.c lifecycle/audit.h \
	lifecycle/audit_keep.c lifecycle/audit_text.c \
	lifecycle/check_groups.c \
	lifecycle/check_history.c lifecycle/check_links.c \
	lifecycle/check_priv.h \
	lifecycle/check_rules.c lifecycle/check_rules.h \
	lifecycle/gate.c lifecycle/gate.h lifecycle/gate_priv.h \
	lifecycle/decoy.c lifecycle/decoy.h \
	lifecycle/gate_agreement.c \
	lifecycle/gate_approval.c \
	lifecycle/gate_complete.c \
	lifecycle/gate_consequence.c \
	lifecycle/gate_due.c \
	lifecycle/gate_guard.c \
	lifecycle/gate_host.c \
	lifecycle/gate_identity.c \
	lifecycle/gate_key.c \
	lifecycle/gate_password.c \
	lifecycle/gate_preset.c \
	lifecycle/gate_private.c \
	lifecycle/gate_option.c \
	lifecycle/gate_rename.c \
	lifecycle/gate_secret.c \
	lifecycle/gate_self.c \
	lifecycle/gate_setting.c \
	lifecycle/gate_status.c \
	lifecycle/gate_token.c \
	lifecycle/gate_tombstone.c \
	lifecycle/gate_until.c \
	lifecycle/gate_write.c \
	lifecycle/host.c lifecycle/host.h \
	lifecycle/replica.c lifecycle/replica.h \
	lifecycle/key.c lifecycle/key.h \
	lifecycle/letter.c lifecycle/letter.h \
	lifecycle/limit.c lifecycle/limit.h \
	lifecycle/moment.c lifecycle/moment.h \
	lifecycle/password.c lifecycle/password.h \
	lifecycle/password_age.c lifecycle/password_age.h \
	lifecycle/password_made.c \
	lifecycle/place.c lifecycle/place.h \
	lifecycle/scheme.c lifecycle/scheme.h \
	lifecycle/setting.c lifecycle/setting.h \
	lifecycle/slot.c lifecycle/slot.h \
	lifecycle/strength.c \
	lifecycle/throttle.c lifecycle/throttle.h lifecycle/throttle_priv.h \
	lifecycle/throttle_file.c lifecycle/throttle_key.c \
	lifecycle/throttle_report.c \
	lifecycle/verified.c lifecycle/verified.h \
	lifecycle/why.c lifecycle/why.h
