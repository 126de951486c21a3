/* SPDX-License-Identifier: OLDAP-2.8 */
/* api.h - the handlers, by noun, and the models they share */
#ifndef HTTPD_API_H
#define HTTPD_API_H

#include "httpd/http.h"
#include "store/index.h"

/* api_session.c */
http_handler api_session_create, api_session_show, api_session_end;
http_handler api_reauthenticate;
http_handler page_login, page_home, page_reauthenticate;
/* Sign in: the cookie, and in body { user, expires, csrf }. */
enum rst_err session_start(struct http_req *req, struct http_reply *reply,
                           struct rst_view username, struct rst_view password,
                           cJSON **ret_body, struct act_refusal *refusal)
	RST_MUST_USE;

/* api_sessions.c */
http_handler api_my_sessions, api_user_sessions, api_session_list;
http_handler api_my_session_end, api_user_session_end, api_any_session_end;
http_handler api_my_sessions_end, api_user_sign_out;

/* api_registration.c */
http_handler api_bootstrap, api_registration_show, api_registration_create;
http_handler api_registration_list, api_verify, api_username_propose;
http_handler api_registration_decide, page_verify;
http_handler page_bootstrap, page_register;

/* api_invitation.c */
http_handler api_invitation_list, api_invitation_create, api_invitation_show;
http_handler api_invitation_revoke, api_invitation_resend;
http_handler api_invitation_by_token;

/* What a body says of invitations to come, into invite, which borrows it;
 * false with *reply the problem.  sends: what holds when it does not say
 * whether to send, by post, which is borrowed, too. */
bool invitation_terms(struct http_req *req, struct http_reply *reply,
                      bool sends, const struct act_post *post,
                      struct rst_view *groups, struct act_invite *invite);

/* api_invite_many.c */
http_handler api_invite_many, page_import_form;

/* api_preset.c */
http_handler api_preset_list, api_preset_create, api_preset_show;
http_handler api_preset_edit, api_preset_delete;

/* api_reset.c */
http_handler api_reset_request, api_reset_confirm, api_user_link;
http_handler page_reset_ask, page_reset;
/* Make a link by which person sets a password, into body, and queue its mail
 * unless ret_mail is NULL; false with *reply the problem. */
bool reset_link(struct http_req *req, struct http_reply *reply, uint64_t person,
                cJSON *body, uint64_t *ret_mail);

/* api_ticket.c */
http_handler api_ticket_list, api_ticket_create, api_ticket_revoke;

/* api_user.c */
http_handler api_user_list, api_user_create, api_user_show, api_user_edit;
http_handler api_user_approve, api_user_reject, api_user_suspend,
	api_user_deactivate;
http_handler api_user_activate, api_user_delete, api_user_restore;
http_handler api_user_purge, api_user_unlock;

/* A moment as the directory keeps it; "" for none. */
struct api_moment {
	char text[24];
};
/* A time of RFC 3339, or a date: the start of that day, UTC.  False, with
 * *reply the problem, for what is neither. */
bool api_read_moment(struct http_req *req, const char *field,
                     struct api_moment *ret_moment, struct http_reply *reply);

/* api_openidcs.c */
http_handler api_openidcs_create;
/* The problem in *reply as a program of OpenIDCS knows it. */
void openidcs_problem(struct http_reply *reply);

/* api_agreement.c */
http_handler api_agreement_list, api_agreement_create, api_agreement_show;
http_handler api_agreement_edit, api_agreement_delete;
http_handler api_agreement_signatures, page_agreement;
http_handler api_my_agreements, api_my_agreement_sign, api_my_activate;
http_handler api_user_agreements;

/* api_audit.c */
http_handler api_audit_list, api_audit_export, api_audit_stream;
http_handler api_user_history, api_user_why;

/* api_group.c */
http_handler api_group_list, api_group_create, api_group_show;
http_handler api_group_delete, api_group_members, api_group_join;
http_handler api_group_leave, api_group_edit, page_group_join;
http_handler api_group_nest, api_group_unnest;

/* api_host.c */
http_handler api_host_list, api_host_create, api_host_show, api_host_edit;
http_handler api_host_delete, api_host_people, page_host;

/* api_me.c */
http_handler api_me_show, api_me_edit, api_me_password, api_me_strength;

/* api_me_mail.c */
http_handler api_me_mail_ask, api_me_mail_drop;
/* What person asked for, as newMail of body; false when out of memory. */
bool model_mail_change(const struct rst_rtxn *txn, uint64_t person,
                       int64_t now_s, cJSON *body);
/* A person's cn is made of the other names: a refusal of it is of the one that
 * was sent. */
void user_blame(const struct http_req *req, struct act_refusal *refusal);
/* By himself, as his policy and the mail there is allow it. */
bool me_may_change_mail(const struct http_req *req);
/* The change that the link of a page is for, into body. */
bool verify_describe(struct http_req *req, struct rst_view token, cJSON *body);
/* Use the request's token, if it is of a change: false when it is not. */
bool verify_mail_change(struct http_req *req, struct http_reply *reply);

/* api_password.c */
http_handler api_temporary_password;

/* api_setting.c */
http_handler api_setting_list, api_setting_edit;

/* api_policy.c */
http_handler api_policy_list, api_policy_create, api_policy_show;
http_handler api_policy_edit, api_policy_delete;

/* api_mail.c */
/* Mail can be sent; false, with *reply smtp_not_configured. */
bool mail_can_send(const struct http_req *req, struct http_reply *reply);
/*
 * The mail that the request asked for is number id of the outbox, and *reply
 * says what was made.  Commit that, then wait a moment for the relay:
 * "delivery" of the answer is sent, or queued when nobody knows yet; when the
 * relay did not take it the reply is email_failed, with what was made in
 * "made".
 */
void mail_await(struct http_req *req, struct http_reply *reply, uint64_t id);
http_handler api_mail_list, api_mail_retry, api_mail_drop, api_mail_test;

/* mail_preview.c */
http_handler api_letter_list, api_letter_show, page_letter_html;

/* api_overview.c */
http_handler api_overview;
/* api_token.c */
http_handler api_my_tokens, api_my_token_create, api_my_token_revoke;
http_handler api_user_tokens, api_user_token_create, api_user_token_revoke;

/* page_person.c, page_session.c and their like */
http_handler page_user_link, page_user, page_me, page_key_add, page_key_drop;
http_handler page_my_token_create, page_my_token_revoke;
http_handler page_user_token_create, page_user_token_revoke;
http_handler page_sessions, page_session_end, page_user_session_end;
http_handler page_my_session_end, page_my_sessions_end;
http_handler page_audit, page_bulk;

/* api_key.c */
http_handler api_key_list, api_key_add, api_key_drop;

/* api_health.c */
http_handler api_healthz, api_readyz;

/* api_metrics.c */
http_handler api_metrics;

/* static.c */
http_handler page_static;

/*
 * model.c: what the store knows, as JSON.  Each answers false when out of
 * memory.  The record borrows from txn.
 */
/* The id of ou=people, ou=groups, ou=invitations below the suffix. */
enum rst_err model_place(const struct rst_rtxn *txn, const char *ou,
                         uint64_t *ret_id) RST_MUST_USE;
/* A person in one line: username, name, mail, status, state now, href. */
/* A group among the members of another. */
cJSON *model_group_brief(const struct rst_record *record);
cJSON *model_user_brief(const struct rst_record *record, int64_t now_s);
/* All that a person and his administrators may see; with moves when asked by
 * an administrator. */
cJSON *model_user(const struct rst_rtxn *txn, const struct rst_record *record,
                  bool administrator, int64_t now_s);
cJSON *model_group(const struct rst_rtxn *txn, const struct rst_record *record);
/* Array key of the names that values of attr, DNs of groups, people or hosts,
 * mean.  False: out of memory. */
bool model_add_names(cJSON *object, const char *key,
                     const struct rst_record *record, uint16_t attr);
cJSON *model_invitation(const struct rst_rtxn *txn,
                        const struct rst_record *record, int64_t now_s);
/* api_setting.c: the settings of record, in body; policy: those that a policy
 * may set. */
bool model_settings(const struct http_req *req, const struct rst_record *record,
                    bool policy, cJSON *body);
/* Set those of the request's fields that differ from entry's, a policy, or from
 * those for all when it is 0. */
enum rst_err set_settings(struct http_req *req, struct rst_view policy,
                          uint64_t entry, struct act_refusal *refusal)
	RST_MUST_USE;
/* act_find_person() and its like, of the name that somebody gave. */
typedef enum rst_err model_find(const struct rst_rtxn *txn,
                                struct rst_view name, uint64_t *ret_id);
enum rst_err model_named(struct http_req *req, model_find *find,
                         struct rst_view name, uint64_t *ret_id) RST_MUST_USE;
/* Leave what make() makes of entry id in *reply, with its ETag. */
typedef cJSON *model_make(void *arg, const struct rst_rtxn *txn,
                          const struct rst_record *record);
void model_show(struct http_req *req, struct http_reply *reply, uint64_t id,
                model_make *make, void *arg);
/* "entryCSN" of the record, quoted, for ETag. */
void model_etag(const struct rst_record *record, struct http_reply *reply);
/*
 * If-Match is absent, or "*", or lists the record's ETag; else *reply is 412.
 * The gate then refuses a change that comes after another's.
 */
bool model_unchanged(struct http_req *req, const struct rst_record *record,
                     struct http_reply *reply);
/* The same for entry id.  RST_ESTATE: *reply is 412. */
enum rst_err model_current(struct http_req *req, uint64_t id,
                           struct http_reply *reply) RST_MUST_USE;

/*
 * list.c: one page of a list, {items, next} in *ret_body.  keep says of an
 * entry whether it belongs to it (RST_OK, RST_ENOTFOUND), item makes one of
 * them.  Reads limit and cursor of the query; RST_EINVALID for ones that were
 * not made here.
 */
struct list {
	const char *ou;
	uint64_t parent; /* of list_children(): instead of ou, when not 0 */
	enum rst_err (*keep)(void *arg, const struct rst_rtxn *txn,
	                     const struct rst_record *record);
	cJSON *(*item)(void *arg, const struct rst_rtxn *txn,
	               const struct rst_record *record);
	/*
	 * The first entry after id *id that may belong; RST_ENOTFOUND when
	 * there is none.  For list_found().
	 */
	enum rst_err (*next)(void *arg, const struct rst_rtxn *txn,
	                     uint64_t *id);
	void *arg;
};
/* The children of ou, in name order: looks at each. */
enum rst_err list_children(const struct http_req *req, const struct list *list,
                           cJSON **ret_body) RST_MUST_USE;
/* What an index finds through next, in the order they were made. */
enum rst_err list_found(const struct http_req *req, const struct list *list,
                        cJSON **ret_body) RST_MUST_USE;
/* What a list came to: RST_EINVALID is a malformed limit or cursor. */
void list_answer(struct http_req *req, struct http_reply *reply,
                 enum rst_err err);
/* limit of the query, or the default; false for a bad one. */
bool list_limit(const struct http_req *req, size_t *ret_limit);
/* Opaque text for bytes, and back; false for text that was not made so. */
bool list_cursor_text(const char *bytes, size_t len, char *buf, size_t size);
bool list_cursor_bytes(const char *text, char *bytes, size_t size,
                       size_t *ret_len);

#endif
