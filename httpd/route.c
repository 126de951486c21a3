/* SPDX-License-Identifier: OLDAP-2.8 */
/* route.c - the table of everything rosterd answers
 *
 * The table is also the access policy: a handler is reachable only through
 * its rows, and a row without a role does not compile into one that lets
 * anybody in (0 is no role and is refused).
 *
 * HTML forms know GET and POST only, so PATCH, PUT and DELETE have a POST
 * beside them for the pages.
 */
#include "httpd/route.h"

#include <string.h>

#include "httpd/api.h"

#define BOTH (HTTP_API | HTTP_PAGE)

/* clang-format off */
const struct http_route http_routes[] = {
{ HTTP_GET, HTTP_RAW, HTTP_ANYONE, "/healthz", api_healthz, NULL, NULL, NULL },
{ HTTP_GET, HTTP_RAW, HTTP_ANYONE, "/readyz", api_readyz, NULL, NULL, NULL },
{ HTTP_GET, HTTP_RAW, HTTP_ANYONE, "/metrics", api_metrics, NULL, NULL, NULL },
{ HTTP_GET, HTTP_RAW, HTTP_ANYONE, "/static/{}", page_static, NULL, NULL, NULL },
{ HTTP_POST, HTTP_COMPAT | HTTP_HASHES | HTTP_CREATES, HTTP_ADMIN, "/api/user/create", api_openidcs_create, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ANYONE, "/", page_home, NULL, NULL, NULL },

{ HTTP_POST, HTTP_API | HTTP_HASHES | HTTP_CREATES, HTTP_ANYONE, "/bootstrap", api_bootstrap, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ANYONE, "/bootstrap/{}", page_bootstrap, "bootstrap", "First administrator", NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_HASHES, HTTP_ANYONE, "/bootstrap", api_bootstrap, "bootstrap", "First administrator", page_bootstrap },

{ HTTP_POST, HTTP_API | HTTP_HASHES | HTTP_LOCAL, HTTP_ANYONE, "/session", api_session_create, NULL, NULL, NULL },
{ HTTP_GET, HTTP_API | HTTP_DUTY | HTTP_SIGN, HTTP_PERSON, "/session", api_session_show, NULL, NULL, NULL },
{ HTTP_DELETE, HTTP_API | HTTP_DUTY | HTTP_SIGN | HTTP_LOCAL, HTTP_PERSON, "/session", api_session_end, NULL, NULL, NULL },
{ HTTP_POST, HTTP_API | HTTP_HASHES | HTTP_LOCAL, HTTP_PERSON, "/session/reauthenticate", api_reauthenticate, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_PERSON, "/reauthenticate", page_reauthenticate, "reauthenticate", "Your password again", NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_HASHES | HTTP_LOCAL, HTTP_PERSON, "/reauthenticate", api_reauthenticate, "reauthenticate", "Your password again", page_reauthenticate },
{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/sessions", api_session_list, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ADMIN, "/sessions", page_sessions, "sessions", "Who is signed in", NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_LOCAL, HTTP_ADMIN, "/sessions/{}/end", page_session_end, "sessions", "Who is signed in", page_sessions },
{ HTTP_POST, HTTP_PAGE | HTTP_LOCAL, HTTP_PERSON, "/me/sessions/end", page_my_sessions_end, "me", "Your account", page_me },
{ HTTP_POST, HTTP_PAGE | HTTP_LOCAL, HTTP_PERSON, "/me/sessions/{}/end", page_my_session_end, "me", "Your account", page_me },
{ HTTP_POST, HTTP_PAGE | HTTP_LOCAL, HTTP_ADMIN, "/users/{}/sessions/{}/end", page_user_session_end, "user", "Person", page_user },
{ HTTP_DELETE, HTTP_API | HTTP_LOCAL, HTTP_ADMIN, "/sessions/{}", api_any_session_end, NULL, NULL, NULL },
{ HTTP_GET, HTTP_API, HTTP_PERSON, "/me/sessions", api_my_sessions, NULL, NULL, NULL },
{ HTTP_DELETE, HTTP_API | HTTP_LOCAL, HTTP_PERSON, "/me/sessions", api_my_sessions_end, NULL, NULL, NULL },
{ HTTP_DELETE, HTTP_API | HTTP_LOCAL, HTTP_PERSON, "/me/sessions/{}", api_my_session_end, NULL, NULL, NULL },
{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/users/{}/sessions", api_user_sessions, NULL, NULL, NULL },
{ HTTP_DELETE, HTTP_API | HTTP_LOCAL, HTTP_ADMIN, "/users/{}/sessions", api_user_sign_out, NULL, NULL, NULL },
{ HTTP_DELETE, HTTP_API | HTTP_LOCAL, HTTP_ADMIN, "/users/{}/sessions/{}", api_user_session_end, NULL, NULL, NULL },
{ HTTP_POST, BOTH | HTTP_LOCAL, HTTP_ADMIN, "/users/{}/sign-out", api_user_sign_out, "user", "Person", page_user },
{ HTTP_GET, HTTP_PAGE, HTTP_ANYONE, "/login", page_login, "login", "Sign in", NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_HASHES | HTTP_LOCAL, HTTP_ANYONE, "/login", api_session_create, "login", "Sign in", page_login },
{ HTTP_POST, HTTP_PAGE | HTTP_DUTY | HTTP_SIGN | HTTP_LOCAL, HTTP_PERSON, "/logout", api_session_end, NULL, NULL, NULL },

{ HTTP_GET, HTTP_API, HTTP_ANYONE, "/registration", api_registration_show, NULL, NULL, NULL },
{ HTTP_POST, HTTP_API | HTTP_HASHES | HTTP_CREATES, HTTP_ANYONE, "/registrations", api_registration_create, NULL, NULL, NULL },
{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/registrations", api_registration_list, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ADMIN, "/requests", api_registration_list, "requests", "Requests", NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ANYONE, "/register", page_register, "register", "Register", NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ANYONE, "/register/{}", page_register, "register", "Register", NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_HASHES, HTTP_ANYONE, "/register", api_registration_create, "register", "Register", page_register },

{ HTTP_GET, HTTP_API, HTTP_ANYONE, "/registration/username", api_username_propose, NULL, NULL, NULL },
{ HTTP_POST, HTTP_API, HTTP_ADMIN, "/registrations/decide", api_registration_decide, NULL, NULL, NULL },
{ HTTP_POST, HTTP_API, HTTP_ANYONE, "/verifications", api_verify, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ANYONE, "/verify/{}", page_verify, "verify", "Confirm your mail address", NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ANYONE, "/verify", api_verify, "verify", "Confirm your mail address", page_verify },

{ HTTP_POST, HTTP_API, HTTP_ANYONE, "/password-resets", api_reset_request, NULL, NULL, NULL },
{ HTTP_POST, HTTP_API | HTTP_HASHES, HTTP_ANYONE, "/password-resets/confirm", api_reset_confirm, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ANYONE, "/reset", page_reset_ask, "reset", "Forgotten password", NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ANYONE, "/reset", api_reset_request, "reset", "Forgotten password", page_reset_ask },
{ HTTP_POST, HTTP_PAGE | HTTP_HASHES, HTTP_ANYONE, "/reset/confirm", api_reset_confirm, "reset-password", "Set a password", page_reset },
{ HTTP_GET, HTTP_PAGE, HTTP_ANYONE, "/reset/{}", page_reset, "reset-password", "Set a password", NULL },

{ HTTP_GET, BOTH, HTTP_ADMIN, "/registration-tokens", api_ticket_list, "registration-tokens", "Registration tokens", NULL },
{ HTTP_POST, HTTP_API | HTTP_CREATES | HTTP_SHOWS, HTTP_ADMIN, "/registration-tokens", api_ticket_create, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_SHOWS, HTTP_ADMIN, "/registration-tokens", api_ticket_create, "registration-tokens", "Registration tokens", api_ticket_list },
{ HTTP_DELETE, HTTP_API, HTTP_ADMIN, "/registration-tokens/{}", api_ticket_revoke, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/registration-tokens/{}/revoke", api_ticket_revoke, "registration-tokens", "Registration tokens", api_ticket_list },

{ HTTP_GET, BOTH, HTTP_ADMIN, "/invitations", api_invitation_list, "invitations", "Invitations", NULL },
{ HTTP_POST, HTTP_API | HTTP_CREATES | HTTP_SHOWS, HTTP_ADMIN, "/invitations", api_invitation_create, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_SHOWS, HTTP_ADMIN, "/invitations", api_invitation_create, "invitations", "Invitations", api_invitation_list },
{ HTTP_GET, HTTP_PAGE, HTTP_ADMIN, "/invitations/import", page_import_form, "import", "Invite many", NULL },
{ HTTP_POST, HTTP_API | HTTP_CSV | HTTP_CREATES, HTTP_ADMIN, "/invitations/import", api_invite_many, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/invitations/import", api_invite_many, "import", "Invite many", page_import_form },
{ HTTP_GET, BOTH, HTTP_ADMIN, "/invitations/{}", api_invitation_show, "invitation", "Invitation", NULL },
{ HTTP_DELETE, HTTP_API, HTTP_ADMIN, "/invitations/{}", api_invitation_revoke, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/invitations/{}/revoke", api_invitation_revoke, "invitation", "Invitation", api_invitation_show },
{ HTTP_POST, BOTH | HTTP_SHOWS, HTTP_ADMIN, "/invitations/{}/resend", api_invitation_resend, "invitation", "Invitation", api_invitation_show },
{ HTTP_GET, HTTP_API, HTTP_ANYONE, "/invitations/token/{}", api_invitation_by_token, NULL, NULL, NULL },

{ HTTP_GET, BOTH, HTTP_ADMIN, "/invitation-presets", api_preset_list, "presets", "Presets of invitations", NULL },
{ HTTP_POST, HTTP_API | HTTP_CREATES, HTTP_ADMIN, "/invitation-presets", api_preset_create, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/invitation-presets", api_preset_create, "presets", "Presets of invitations", api_preset_list },
{ HTTP_GET, BOTH, HTTP_ADMIN, "/invitation-presets/{}", api_preset_show, "preset", "Preset of invitations", NULL },
{ HTTP_PATCH, HTTP_API, HTTP_ADMIN, "/invitation-presets/{}", api_preset_edit, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/invitation-presets/{}", api_preset_edit, "preset", "Preset of invitations", api_preset_show },
{ HTTP_DELETE, HTTP_API, HTTP_ADMIN, "/invitation-presets/{}", api_preset_delete, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/invitation-presets/{}/delete", api_preset_delete, "preset", "Preset of invitations", api_preset_show },

{ HTTP_GET, BOTH, HTTP_ADMIN, "/users", api_user_list, "users", "People", NULL },
{ HTTP_POST, HTTP_API | HTTP_HASHES | HTTP_CREATES | HTTP_SHOWS, HTTP_ADMIN, "/users", api_user_create, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_HASHES | HTTP_SHOWS, HTTP_ADMIN, "/users", api_user_create, "users", "People", api_user_list },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/bulk", page_bulk, "bulk", "Several people", NULL },
{ HTTP_GET, HTTP_API, HTTP_SELF, "/users/{}", api_user_show, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_SELF, "/users/{}", page_user, "user", "Person", NULL },
{ HTTP_PATCH, HTTP_API, HTTP_ADMIN, "/users/{}", api_user_edit, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/users/{}", api_user_edit, "user", "Person", page_user },
{ HTTP_POST, BOTH, HTTP_ADMIN, "/users/{}/approve", api_user_approve, "user", "Person", page_user },
{ HTTP_POST, BOTH, HTTP_ADMIN, "/users/{}/reject", api_user_reject, "user", "Person", page_user },
{ HTTP_POST, BOTH, HTTP_ADMIN, "/users/{}/suspend", api_user_suspend, "user", "Person", page_user },
{ HTTP_POST, BOTH, HTTP_ADMIN, "/users/{}/deactivate", api_user_deactivate, "user", "Person", page_user },
{ HTTP_POST, BOTH, HTTP_ADMIN, "/users/{}/unlock", api_user_unlock, "user", "Person", page_user },
{ HTTP_POST, BOTH, HTTP_ADMIN, "/users/{}/activate", api_user_activate, "user", "Person", page_user },
{ HTTP_POST, HTTP_API | HTTP_HASHES | HTTP_SHOWS, HTTP_ADMIN, "/users/{}/reset-password", api_user_link, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_HASHES | HTTP_SHOWS, HTTP_ADMIN, "/users/{}/reset-password", page_user_link, "user", "Person", page_user },
{ HTTP_DELETE, HTTP_API, HTTP_ADMIN, "/users/{}", api_user_delete, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/users/{}/delete", api_user_delete, "user", "Person", page_user },
{ HTTP_POST, BOTH, HTTP_ADMIN, "/users/{}/restore", api_user_restore, "user", "Person", page_user },
{ HTTP_POST, BOTH, HTTP_ADMIN, "/users/{}/purge", api_user_purge, "user", "Person", page_user },

{ HTTP_GET, HTTP_API, HTTP_SELF, "/users/{}/ssh-keys", api_key_list, NULL, NULL, NULL },
{ HTTP_POST, HTTP_API | HTTP_CREATES, HTTP_ADMIN, "/users/{}/ssh-keys", api_key_add, NULL, NULL, NULL },
{ HTTP_DELETE, HTTP_API, HTTP_ADMIN, "/users/{}/ssh-keys", api_key_drop, NULL, NULL, NULL },

{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/users/{}/ssh-keys", page_key_add, "user", "Person", page_user },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/users/{}/ssh-keys/remove", page_key_drop, "user", "Person", page_user },

{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/users/{}/history", api_user_history, NULL, NULL, NULL },
{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/users/{}/why", api_user_why, NULL, NULL, NULL },

{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/audit", api_audit_list, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ADMIN, "/audit", page_audit, "audit", "Audit", NULL },
{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/audit/stream", api_audit_stream, NULL, NULL, NULL },
{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/audit/export", api_audit_export, NULL, NULL, NULL },

{ HTTP_GET, BOTH, HTTP_ADMIN, "/groups", api_group_list, "groups", "Groups", NULL },
{ HTTP_POST, HTTP_API | HTTP_CREATES, HTTP_ADMIN, "/groups", api_group_create, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/groups", api_group_create, "groups", "Groups", api_group_list },
{ HTTP_GET, BOTH, HTTP_MANAGER, "/groups/{}", api_group_show, "group", "Group", NULL },
{ HTTP_PATCH, HTTP_API, HTTP_ADMIN, "/groups/{}", api_group_edit, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/groups/{}", api_group_edit, "group", "Group", api_group_show },
{ HTTP_DELETE, HTTP_API, HTTP_ADMIN, "/groups/{}", api_group_delete, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/groups/{}/delete", api_group_delete, "group", "Group", api_group_show },
{ HTTP_GET, HTTP_API, HTTP_MANAGER, "/groups/{}/members", api_group_members, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_MANAGER, "/groups/{}/members", page_group_join, "group", "Group", api_group_show },
{ HTTP_PUT, HTTP_API, HTTP_MANAGER, "/groups/{}/members/{}", api_group_join, NULL, NULL, NULL },
{ HTTP_DELETE, HTTP_API, HTTP_MANAGER, "/groups/{}/members/{}", api_group_leave, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_MANAGER, "/groups/{}/members/{}/remove", api_group_leave, "group", "Group", api_group_show },
{ HTTP_PUT, HTTP_API, HTTP_MANAGER, "/groups/{}/groups/{}", api_group_nest, NULL, NULL, NULL },
{ HTTP_DELETE, HTTP_API, HTTP_MANAGER, "/groups/{}/groups/{}", api_group_unnest, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_MANAGER, "/groups/{}/groups/{}/remove", api_group_unnest, "group", "Group", api_group_show },

{ HTTP_GET, BOTH, HTTP_ADMIN, "/hosts", api_host_list, "hosts", "Hosts", NULL },
{ HTTP_POST, HTTP_API | HTTP_HASHES | HTTP_CREATES, HTTP_ADMIN, "/hosts", api_host_create, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_HASHES, HTTP_ADMIN, "/hosts", api_host_create, "hosts", "Hosts", api_host_list },
{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/hosts/{}", api_host_show, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ADMIN, "/hosts/{}", page_host, "host", "Host", NULL },
{ HTTP_PATCH, HTTP_API | HTTP_HASHES, HTTP_ADMIN, "/hosts/{}", api_host_edit, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_HASHES, HTTP_ADMIN, "/hosts/{}", api_host_edit, "host", "Host", page_host },
{ HTTP_DELETE, HTTP_API, HTTP_ADMIN, "/hosts/{}", api_host_delete, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/hosts/{}/delete", api_host_delete, "host", "Host", page_host },
{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/hosts/{}/people", api_host_people, NULL, NULL, NULL },

{ HTTP_GET, BOTH, HTTP_ADMIN, "/agreements", api_agreement_list, "agreements", "Agreements", NULL },
{ HTTP_POST, HTTP_API | HTTP_CREATES, HTTP_ADMIN, "/agreements", api_agreement_create, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/agreements", api_agreement_create, "agreements", "Agreements", api_agreement_list },
{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/agreements/{}", api_agreement_show, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ADMIN, "/agreements/{}", page_agreement, "agreement", "Agreement", NULL },
{ HTTP_PATCH, HTTP_API, HTTP_ADMIN, "/agreements/{}", api_agreement_edit, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/agreements/{}", api_agreement_edit, "agreement", "Agreement", page_agreement },
{ HTTP_DELETE, HTTP_API, HTTP_ADMIN, "/agreements/{}", api_agreement_delete, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/agreements/{}/delete", api_agreement_delete, "agreement", "Agreement", page_agreement },
{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/agreements/{}/signatures", api_agreement_signatures, NULL, NULL, NULL },
{ HTTP_GET, HTTP_API, HTTP_SELF, "/users/{}/agreements", api_user_agreements, NULL, NULL, NULL },
{ HTTP_GET, BOTH | HTTP_SIGN, HTTP_PERSON, "/me/agreements", api_my_agreements, "my-agreements", "Agreements", NULL },
{ HTTP_POST, BOTH | HTTP_SIGN, HTTP_PERSON, "/me/agreements/{}/sign", api_my_agreement_sign, "my-agreements", "Agreements", api_my_agreements },
{ HTTP_POST, BOTH | HTTP_SIGN, HTTP_PERSON, "/me/activate", api_my_activate, "my-agreements", "Agreements", api_my_agreements },

{ HTTP_GET, HTTP_API | HTTP_DUTY, HTTP_PERSON, "/me", api_me_show, NULL, NULL, NULL },
{ HTTP_GET, HTTP_PAGE | HTTP_DUTY, HTTP_PERSON, "/me", page_me, "me", "Your account", NULL },
{ HTTP_PATCH, HTTP_API, HTTP_PERSON, "/me", api_me_edit, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_PERSON, "/me", api_me_edit, "me", "Your account", page_me },
{ HTTP_POST, HTTP_API | HTTP_PROVED, HTTP_PERSON, "/me/mail", api_me_mail_ask, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_PROVED, HTTP_PERSON, "/me/mail", api_me_mail_ask, "me", "Your account", page_me },
{ HTTP_DELETE, HTTP_API, HTTP_PERSON, "/me/mail", api_me_mail_drop, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_PERSON, "/me/mail/cancel", api_me_mail_drop, "me", "Your account", page_me },
{ HTTP_GET, HTTP_API, HTTP_PERSON, "/me/ssh-keys", api_key_list, NULL, NULL, NULL },
{ HTTP_POST, HTTP_API | HTTP_CREATES | HTTP_PROVED, HTTP_PERSON, "/me/ssh-keys", api_key_add, NULL, NULL, NULL },
{ HTTP_DELETE, HTTP_API | HTTP_PROVED, HTTP_PERSON, "/me/ssh-keys", api_key_drop, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_PROVED, HTTP_PERSON, "/me/ssh-keys", page_key_add, "me", "Your account", page_me },
{ HTTP_POST, HTTP_PAGE | HTTP_PROVED, HTTP_PERSON, "/me/ssh-keys/remove", page_key_drop, "me", "Your account", page_me },
{ HTTP_POST, BOTH | HTTP_HASHES | HTTP_DUTY, HTTP_PERSON, "/me/password", api_me_password, "me", "Your account", page_me },

{ HTTP_POST, HTTP_API | HTTP_LOCAL, HTTP_PERSON, "/me/password/strength", api_me_strength, NULL, NULL, NULL },

{ HTTP_GET, BOTH, HTTP_ADMIN, "/overview", api_overview, "overview", "Overview", NULL },
{ HTTP_GET, BOTH, HTTP_ADMIN, "/settings", api_setting_list, "settings", "Settings", NULL },
{ HTTP_PATCH, HTTP_API, HTTP_ADMIN, "/settings", api_setting_edit, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/settings", api_setting_edit, "settings", "Settings", api_setting_list },
{ HTTP_POST, HTTP_API | HTTP_CREATES, HTTP_ADMIN, "/settings/test-mail", api_mail_test, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/settings/test-mail", api_mail_test, "mail", "Mail", api_mail_list },
{ HTTP_GET, BOTH, HTTP_ADMIN, "/policies", api_policy_list, "policies", "Policies", NULL },
{ HTTP_POST, HTTP_API | HTTP_CREATES, HTTP_ADMIN, "/policies", api_policy_create, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/policies", api_policy_create, "policies", "Policies", api_policy_list },
{ HTTP_GET, BOTH, HTTP_ADMIN, "/policies/{}", api_policy_show, "policy", "Policy", NULL },
{ HTTP_PATCH, HTTP_API, HTTP_ADMIN, "/policies/{}", api_policy_edit, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/policies/{}", api_policy_edit, "policy", "Policy", api_policy_show },
{ HTTP_DELETE, HTTP_API, HTTP_ADMIN, "/policies/{}", api_policy_delete, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/policies/{}/delete", api_policy_delete, "policy", "Policy", api_policy_show },
{ HTTP_GET, BOTH, HTTP_ADMIN, "/mail", api_mail_list, "mail", "Mail", NULL },
{ HTTP_GET, BOTH, HTTP_ADMIN, "/mail/templates", api_letter_list, "letters", "What mails say", NULL },
{ HTTP_GET, BOTH, HTTP_ADMIN, "/mail/templates/{}", api_letter_show, "letter", "What mails say", NULL },
{ HTTP_GET, HTTP_PAGE, HTTP_ADMIN, "/mail/templates/{}/html", page_letter_html, NULL, NULL, NULL },
{ HTTP_POST, BOTH, HTTP_ADMIN, "/mail/{}/retry", api_mail_retry, "mail", "Mail", api_mail_list },
{ HTTP_DELETE, HTTP_API, HTTP_ADMIN, "/mail/{}", api_mail_drop, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/mail/{}/delete", api_mail_drop, "mail", "Mail", api_mail_list },
{ HTTP_GET, HTTP_API, HTTP_PERSON, "/me/tokens", api_my_tokens, NULL, NULL, NULL },
{ HTTP_POST, HTTP_API | HTTP_CREATES | HTTP_PROVED | HTTP_SHOWS, HTTP_PERSON, "/me/tokens", api_my_token_create, NULL, NULL, NULL },
{ HTTP_DELETE, HTTP_API, HTTP_PERSON, "/me/tokens/{}", api_my_token_revoke, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_PROVED | HTTP_SHOWS, HTTP_PERSON, "/me/tokens", page_my_token_create, "me", "Your account", page_me },
{ HTTP_POST, HTTP_PAGE, HTTP_PERSON, "/me/tokens/{}/revoke", page_my_token_revoke, "me", "Your account", page_me },
{ HTTP_GET, HTTP_API, HTTP_ADMIN, "/users/{}/tokens", api_user_tokens, NULL, NULL, NULL },
{ HTTP_POST, HTTP_API | HTTP_CREATES | HTTP_SHOWS, HTTP_ADMIN, "/users/{}/tokens", api_user_token_create, NULL, NULL, NULL },
{ HTTP_DELETE, HTTP_API, HTTP_ADMIN, "/users/{}/tokens/{}", api_user_token_revoke, NULL, NULL, NULL },
{ HTTP_POST, HTTP_PAGE | HTTP_SHOWS, HTTP_ADMIN, "/users/{}/tokens", page_user_token_create, "user", "Person", page_user },
{ HTTP_POST, HTTP_PAGE, HTTP_ADMIN, "/users/{}/tokens/{}/revoke", page_user_token_revoke, "user", "Person", page_user },
};
/* clang-format on */
const size_t http_routes_n = sizeof(http_routes) / sizeof(http_routes[0]);

/* Match path against pattern; arg receives what each "{}" stood for. */
static bool
matches(const char *pattern, const char *path, struct rst_view arg[2])
{
	unsigned int n = 0;

	while (*pattern != '\0') {
		size_t len;

		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		len = strcspn(path, "/");
		if (len == 0 || n == 2)
			return false;
		arg[n++] = rst_view(path, len);
		path += len;
		pattern += 2;
	}
	return *path == '\0';
}

/* HEAD is GET whose body is not sent. */
static enum http_method
asked(enum http_method method)
{
	return method == HTTP_HEAD ? HTTP_GET : method;
}

/* "Allow" for the methods in set, a bit for each. */
static const char *
allow_of(unsigned int set)
{
	static const struct {
		unsigned int set;
		const char *text;
	} rows[] = {
		{ 1 << HTTP_GET, "GET, HEAD" },
		{ 1 << HTTP_POST, "POST" },
		{ 1 << HTTP_GET | 1 << HTTP_POST, "GET, HEAD, POST" },
		{ 1 << HTTP_GET | 1 << HTTP_PATCH, "GET, HEAD, PATCH" },
		{ 1 << HTTP_GET | 1 << HTTP_DELETE, "GET, HEAD, DELETE" },
		{ 1 << HTTP_GET | 1 << HTTP_PATCH | 1 << HTTP_DELETE,
		  "GET, HEAD, PATCH, DELETE" },
		{ 1 << HTTP_PATCH, "PATCH" },
		{ 1 << HTTP_POST | 1 << HTTP_DELETE, "POST, DELETE" },
		{ 1 << HTTP_DELETE, "DELETE" },
		{ 1 << HTTP_PUT | 1 << HTTP_DELETE, "PUT, DELETE" },
		{ 1 << HTTP_GET | 1 << HTTP_POST | 1 << HTTP_DELETE,
		  "GET, HEAD, POST, DELETE" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].set == set)
			return rows[i].text;
	return "";
}

const struct http_route *
http_route_find(enum http_method method, const char *path, bool api,
                struct rst_view arg[2], const char **ret_allow)
{
	unsigned int where =
		api ? HTTP_API : HTTP_PAGE | HTTP_RAW | HTTP_COMPAT;
	unsigned int set = 0;
	struct rst_view found[2] = { { NULL, 0 }, { NULL, 0 } };

	for (size_t i = 0; i < http_routes_n; i++) {
		const struct http_route *route = &http_routes[i];

		if ((route->where & where) == 0 ||
		    !matches(route->path, path, found))
			continue;
		if (route->method == asked(method)) {
			memcpy(arg, found, sizeof(found));
			return route;
		}
		set |= 1u << route->method;
	}
	*ret_allow = allow_of(set);
	return NULL;
}

static const char *
role_word(enum http_role role)
{
	switch (role) {
	case HTTP_ANYONE:
		return "anyone";
	case HTTP_PERSON:
		return "person";
	case HTTP_SELF:
		return "self";
	case HTTP_MANAGER:
		return "manager";
	case HTTP_ADMIN:
		return "admin";
	}
	return "nobody";
}

void
http_routes_print(FILE *out)
{
	static const struct {
		unsigned int bit;
		const char *word;
	} words[] = {
		{ HTTP_API, "api" },       { HTTP_PAGE, "page" },
		{ HTTP_RAW, "raw" },       { HTTP_HASHES, "hashes" },
		{ HTTP_PROVED, "proved" }, { HTTP_CREATES, "creates" },
		{ HTTP_DUTY, "duty" },     { HTTP_SIGN, "sign" },
		{ HTTP_COMPAT, "compat" }, { HTTP_LOCAL, "local" },
		{ HTTP_SHOWS, "shows" },
	};

	for (size_t i = 0; i < http_routes_n; i++) {
		const struct http_route *route = &http_routes[i];
		const char *comma = "";

		fprintf(out, "%s %s ", http_method_word(route->method),
		        role_word(route->role));
		for (size_t k = 0; k < sizeof(words) / sizeof(words[0]); k++) {
			if ((route->where & words[k].bit) == 0)
				continue;
			fprintf(out, "%s%s", comma, words[k].word);
			comma = ",";
		}
		fprintf(out, " %s\n", route->path);
	}
}

bool
http_route_hashes(const struct http_head *head)
{
	size_t prefix = sizeof(HTTP_API_PREFIX) - 1;
	bool api = strncmp(head->path, HTTP_API_PREFIX "/", prefix + 1) == 0;
	const struct http_route *route;
	struct rst_view arg[2];
	const char *allow;

	route = http_route_find(head->method,
	                        api ? head->path + prefix : head->path, api,
	                        arg, &allow);
	return route != NULL && (route->where & HTTP_HASHES) != 0;
}
