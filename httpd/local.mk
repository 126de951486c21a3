noinst_LTLIBRARIES += httpd/libhttpd.la
httpd_libhttpd_la_CFLAGS = $(AM_CFLAGS) $(MHD_CFLAGS) $(CJSON_CFLAGS) \
	$(CURL_CFLAGS) $(SODIUM_CFLAGS) $(GNUTLS_CFLAGS) $(QRENCODE_CFLAGS)
httpd_libhttpd_la_CXXFLAGS = $(AM_CXXFLAGS) $(CJSON_CFLAGS)
httpd_libhttpd_la_LIBADD = lifecycle/liblifecycle.la $(MHD_LIBS) \
	$(CJSON_LIBS) $(CURL_LIBS) $(SODIUM_LIBS) $(GNUTLS_LIBS) \
	$(UNISTRING_LIBS) $(INIH_LIBS) $(QRENCODE_LIBS)
httpd_libhttpd_la_SOURCES = \
	httpd/api.h \
	httpd/api_agreement.c \
	httpd/api_audit.c \
	httpd/api_group.c \
	httpd/api_health.c \
	httpd/api_host.c \
	httpd/api_invitation.c \
	httpd/api_invite_many.c \
	httpd/api_key.c \
	httpd/api_mail.c \
	httpd/api_metrics.c \
	httpd/api_me.c \
	httpd/api_me_mail.c \
	httpd/api_openidcs.c \
	httpd/api_overview.c \
	httpd/api_password.c \
	httpd/api_policy.c \
	httpd/api_preset.c \
	httpd/api_registration.c \
	httpd/api_reset.c \
	httpd/api_session.c \
	httpd/api_sessions.c \
	httpd/api_setting.c \
	httpd/api_ticket.c \
	httpd/api_token.c \
	httpd/api_people.c \
	httpd/api_user.c \
	httpd/auth.c \
	httpd/certificate.c httpd/certificate.h \
	httpd/conf.c httpd/conf.h \
	httpd/conf_url.c \
	httpd/dispatch.c \
	httpd/errmap.c \
	httpd/etag.c httpd/etag.h \
	httpd/files.c httpd/files.h \
	httpd/folder.c httpd/folder.h \
	httpd/form.c \
	httpd/house.c httpd/house.h \
	httpd/http.h \
	httpd/input.c httpd/input.h \
	httpd/json.c httpd/json.h httpd/json_priv.h \
	httpd/json_scan.c \
	httpd/list.c \
	httpd/listen.c \
	httpd/lobby.c httpd/lobby.h \
	httpd/locale.c httpd/locale.h \
	httpd/log.c \
	httpd/mail.c httpd/mail.h \
	httpd/mail_preview.c httpd/preview.h \
	httpd/mail_render.c \
	httpd/mail_text.c \
	httpd/metrics.h \
	httpd/model.c \
	httpd/once.c httpd/once.h \
	httpd/overview.c httpd/overview.h \
	httpd/page.c httpd/page.h \
	httpd/page_audit.c \
	httpd/page_bulk.c \
	httpd/page_person.c \
	httpd/page_session.c \
	httpd/page_words.c \
	httpd/pool.c httpd/pool.h \
	httpd/qr.c httpd/qr.h \
	httpd/proof.c \
	httpd/proxy.c \
	httpd/query.c \
	httpd/rate.c httpd/rate.h \
	httpd/accept.c httpd/accept.h \
	httpd/address.c httpd/address.h \
	httpd/reaper.c httpd/reaper.h \
	httpd/reply.c \
	httpd/request_gate.c httpd/request_gate.h \
	httpd/route.c httpd/route.h \
	httpd/serve.c httpd/serve.h \
	httpd/service.c httpd/service.h \
	httpd/static.c \
	httpd/stream.c httpd/stream.h \
	httpd/template.c httpd/template.h \
	httpd/template_render.cc

sbin_PROGRAMS += rosterd
rosterd_CFLAGS = $(httpd_libhttpd_la_CFLAGS)
rosterd_SOURCES = httpd/main.c
# template_render.cc is the only C++; naming its library lets everything else
# be linked as C (libtool drops it from a convenience library).
rosterd_LDADD = httpd/libhttpd.la -lstdc++

templatesdir = $(pkgdatadir)/templates
dist_templates_DATA = \
	httpd/templates/_audit_tabs.mustache \
	httpd/templates/_changes.mustache \
	httpd/templates/_error.mustache \
	httpd/templates/_foot.mustache \
	httpd/templates/_head.mustache \
	httpd/templates/_history.mustache \
	httpd/templates/_invitation_tabs.mustache \
	httpd/templates/_keys.mustache \
	httpd/templates/_logo.mustache \
	httpd/templates/_nav.mustache \
	httpd/templates/_pager.mustache \
	httpd/templates/_password_field.mustache \
	httpd/templates/_password_rules.mustache \
	httpd/templates/_person_fields.mustache \
	httpd/templates/_qr.mustache \
	httpd/templates/_sessions.mustache \
	httpd/templates/_setting.mustache \
	httpd/templates/_status.mustache \
	httpd/templates/_tabs.mustache \
	httpd/templates/_tokens.mustache \
	httpd/templates/_why.mustache \
	httpd/templates/audit.mustache \
	httpd/templates/bootstrap.mustache \
	httpd/templates/bulk.mustache \
	httpd/templates/group.mustache \
	httpd/templates/groups.mustache \
	httpd/templates/host.mustache \
	httpd/templates/hosts.mustache \
	httpd/templates/import.mustache \
	httpd/templates/invitation.mustache \
	httpd/templates/invitations.mustache \
	httpd/templates/_mail_button.mustache \
	httpd/templates/_mail_foot.mustache \
	httpd/templates/_mail_head.mustache \
	httpd/templates/_mail_link.mustache \
	httpd/templates/letter.mustache \
	httpd/templates/letters.mustache \
	httpd/templates/mail-agreements.html.mustache \
	httpd/templates/mail-approved.html.mustache \
	httpd/templates/mail-change-new.html.mustache \
	httpd/templates/mail-change-old.html.mustache \
	httpd/templates/mail-dropped.html.mustache \
	httpd/templates/mail-ended.html.mustache \
	httpd/templates/mail-ends.html.mustache \
	httpd/templates/mail-idle.html.mustache \
	httpd/templates/mail-invitation.html.mustache \
	httpd/templates/mail-password-changed.html.mustache \
	httpd/templates/mail-password-expires.html.mustache \
	httpd/templates/mail-password.html.mustache \
	httpd/templates/mail-received.html.mustache \
	httpd/templates/mail-received.mustache \
	httpd/templates/mail-rejected.html.mustache \
	httpd/templates/mail-request.html.mustache \
	httpd/templates/mail-reset.html.mustache \
	httpd/templates/mail-suspended.html.mustache \
	httpd/templates/mail-test.html.mustache \
	httpd/templates/mail-verification.html.mustache \
	httpd/templates/mail-waiting.html.mustache \
	httpd/templates/login.mustache \
	httpd/templates/mail-approved.mustache \
	httpd/templates/mail-change-new.mustache \
	httpd/templates/mail-change-old.mustache \
	httpd/templates/mail-dropped.mustache \
	httpd/templates/mail-ended.mustache \
	httpd/templates/mail-ends.mustache \
	httpd/templates/mail-idle.mustache \
	httpd/templates/mail-invitation.mustache \
	httpd/templates/mail-password-changed.mustache \
	httpd/templates/mail-password-expires.mustache \
	httpd/templates/agreement.mustache \
	httpd/templates/agreements.mustache \
	httpd/templates/mail-agreements.mustache \
	httpd/templates/my-agreements.mustache \
	httpd/templates/mail-password.mustache \
	httpd/templates/mail-rejected.mustache \
	httpd/templates/mail-request.mustache \
	httpd/templates/mail-reset.mustache \
	httpd/templates/mail-suspended.mustache \
	httpd/templates/mail-test.mustache \
	httpd/templates/mail-verification.mustache \
	httpd/templates/mail-waiting.mustache \
	httpd/templates/mail.mustache \
	httpd/templates/me.mustache \
	httpd/templates/overview.mustache \
	httpd/templates/policies.mustache \
	httpd/templates/policy.mustache \
	httpd/templates/_preset_choice.mustache \
	httpd/templates/preset.mustache \
	httpd/templates/presets.mustache \
	httpd/templates/problem.mustache \
	httpd/templates/reauthenticate.mustache \
	httpd/templates/register.mustache \
	httpd/templates/registration-tokens.mustache \
	httpd/templates/requests.mustache \
	httpd/templates/reset-password.mustache \
	httpd/templates/reset.mustache \
	httpd/templates/sessions.mustache \
	httpd/templates/settings.mustache \
	httpd/templates/user.mustache \
	httpd/templates/users.mustache \
	httpd/templates/verify.mustache
staticdir = $(pkgdatadir)/static
dist_static_DATA = \
	httpd/static/roster.css \
	httpd/static/roster.js \
	httpd/static/roster.svg
wordsdir = $(pkgdatadir)/locale
dist_words_DATA = httpd/locale/de.json
