/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_people.c - the list of people, narrowed
 *
 *	/users?q=bui&status=active&group=staff
 *
 * Each condition is a list of ids, ascending: an index has those whose names
 * or mail have these three letters, another those with this status, and the
 * membership those of a group.  Who belongs is in all of them; each list jumps
 * to where the others have got to, so that a page costs the same however many
 * people there are, as long as it finds some.  Where it finds none, it ends
 * after LIST_LOOK_MAX people with a "next" to go on from.
 *
 * Without a condition that has such a list, people come by name.
 */
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/page.h"
#include "lifecycle/attempt.h"

#define MEET_MAX 64 /* jumps of all lists for one candidate */

/* What the list is narrowed to. */
struct filter {
	int64_t now_s;
	enum rst_status status;      /* RST_STATUS_NONE: any */
	bool only_locked;            /* whatever their status */
	struct rst_ids locked;       /* those, then */
	const char *text;            /* part of a name or mail; NULL: any */
	char normal[RST_NORMAL_MAX]; /* of text, without its end */
	size_t normal_len;
	bool indexed;           /* the index of parts of names knows text */
	uint64_t group;         /* 0: any */
	struct rst_ids members; /* group, and the groups in it; none where it
	                         * is not of ours */
};

/* Where a name or mail is looked for; one index has all of them. */
static const uint16_t searched[] = { RST_A_UID, RST_A_CN, RST_A_DISPLAYNAME,
	                             RST_A_MAIL };
#define SEARCHED (sizeof(searched) / sizeof(searched[0]))

/* The text is part of the record's attribute, as a filter of LDAP sees it. */
static enum rst_err
holds(const struct filter *filter, struct rst_view value)
{
	char normal[RST_NORMAL_MAX];
	size_t len = 0;
	enum rst_err err = RST_EINVALID;

	if (value.ptr != NULL)
		err = rst_normalise(RST_MATCH_IGNORE, value, normal, &len);
	if (err == RST_EINVALID ||
	    (err == RST_OK &&
	     memmem(normal, len, filter->normal, filter->normal_len) == NULL))
		return RST_ENOTFOUND;
	return err;
}

static enum rst_err
keep_user(void *arg, const struct rst_rtxn *txn,
          const struct rst_record *record)
{
	const struct filter *filter = arg;
	bool keep = record->kind == RST_KIND_PERSON &&
	            (filter->status == RST_STATUS_NONE ||
	             record->status == filter->status) &&
	            (!filter->only_locked ||
	             rst_ids_has(&filter->locked, record->id));
	enum rst_err err = RST_OK;

	if (keep && filter->group != 0)
		err = rst_member_within(txn, filter->group, record->id, &keep);
	if (err != RST_OK || !keep || filter->text == NULL)
		return err == RST_OK && !keep ? RST_ENOTFOUND : err;
	err = RST_ENOTFOUND;
	for (size_t i = 0; err == RST_ENOTFOUND && i < SEARCHED; i++)
		err = holds(filter, rst_record_first(record, searched[i]));
	return err;
}

static cJSON *
user_item(void *arg, const struct rst_rtxn *txn,
          const struct rst_record *record)
{
	const struct filter *filter = arg;

	(void)txn;
	return model_user_brief(record, filter->now_s);
}

/* The first id from on whose name or mail may have the text. */
static enum rst_err
named(const struct filter *filter, const struct rst_rtxn *txn, uint64_t from,
      uint64_t *ret_id)
{
	size_t n = 0;
	enum rst_err err =
		rst_index_substring(txn, RST_A_CN, rst_view_of(filter->text),
	                            from - 1, ret_id, 1, &n);

	return err == RST_OK && n == 0 ? RST_ENOTFOUND : err;
}

static enum rst_err
in_status(const struct filter *filter, const struct rst_rtxn *txn,
          uint64_t from, uint64_t *ret_id)
{
	size_t n = 0;
	enum rst_err err =
		rst_index_equal(txn, RST_A_ROSTERSTATUS,
	                        rst_view_of(rst_status_word(filter->status)),
	                        from - 1, ret_id, 1, &n);

	return err == RST_OK && n == 0 ? RST_ENOTFOUND : err;
}

static enum rst_err
in_group(const struct filter *filter, const struct rst_rtxn *txn, uint64_t from,
         uint64_t *ret_id)
{
	uint64_t best = UINT64_MAX, id;

	for (size_t i = 0; i < filter->members.n; i++) {
		enum rst_err err = rst_member_after(
			txn, filter->members.items[i], from - 1, &id);

		if (err != RST_OK && err != RST_ENOTFOUND)
			return err;
		if (err == RST_OK && id < best)
			best = id;
	}
	*ret_id = best;
	return best != UINT64_MAX ? RST_OK : RST_ENOTFOUND;
}

static enum rst_err
in_locked(const struct filter *filter, const struct rst_rtxn *txn,
          uint64_t from, uint64_t *ret_id)
{
	const struct rst_ids *ids = &filter->locked;
	size_t at = rst_ids_place(ids->items, ids->n, from);

	(void)txn;
	if (at == ids->n)
		return RST_ENOTFOUND;
	*ret_id = ids->items[at];
	return RST_OK;
}

/* Who may be the next; past MEET_MAX jumps somebody for keep_user() to tell. */
static enum rst_err
next_user(void *arg, const struct rst_rtxn *txn, uint64_t *id)
{
	const struct filter *filter = arg;
	enum rst_err (*lists[4])(const struct filter *, const struct rst_rtxn *,
	                         uint64_t, uint64_t *);
	size_t n = 0, agreed = 0;
	uint64_t from = *id + 1;

	if (filter->indexed)
		lists[n++] = named;
	if (filter->members.n > 0)
		lists[n++] = in_group;
	if (filter->status != RST_STATUS_NONE)
		lists[n++] = in_status;
	if (filter->only_locked)
		lists[n++] = in_locked;
	for (size_t i = 0; n > 0 && agreed < n && i < MEET_MAX; i++) {
		uint64_t found;
		enum rst_err err = lists[i % n](filter, txn, from, &found);

		if (err != RST_OK)
			return err;
		agreed = found == from ? agreed + 1 : 1;
		from = found;
	}
	*id = from;
	return n > 0 ? RST_OK : RST_ENOTFOUND;
}

static const char *
given(const struct http_req *req, const char *name)
{
	const char *value = http_query_get(&req->query, name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* What the index has it under, if it is long enough for that. */
static enum rst_err
read_text(const struct rst_rtxn *txn, struct filter *filter)
{
	uint64_t id;
	size_t n;
	enum rst_err err;

	err = rst_normalise(RST_MATCH_IGNORE, rst_view_of(filter->text),
	                    filter->normal, &filter->normal_len);
	if (err == RST_OK)
		err = rst_index_substring(txn, RST_A_CN,
		                          rst_view_of(filter->text), UINT64_MAX,
		                          &id, 1, &n);
	filter->indexed = err == RST_OK;
	return err == RST_EINVALID ? RST_OK : err;
}

static enum rst_err
read_group(const struct rst_rtxn *txn, const char *name, struct filter *filter)
{
	struct rst_record record;
	bool nests = false;
	enum rst_err err;

	err = act_find_group(txn, rst_view_of(name), &filter->group);
	if (err == RST_OK)
		err = rst_record_get(txn, filter->group, &record);
	if (err != RST_OK || record.kind != RST_KIND_GROUP)
		return err;
	err = rst_ids_add(&filter->members, filter->group);
	if (err == RST_OK)
		err = rst_member_nests(txn, &nests);
	if (err == RST_OK && nests)
		err = rst_member_below(txn, filter->group, &filter->members,
		                       NULL);
	return err;
}

/* False, with *reply the problem, when the query is not understood. */
static bool
read_filter(struct http_req *req, struct filter *filter,
            struct http_reply *reply)
{
	const char *status = given(req, "status");
	const char *group = given(req, "group");
	struct rst_rtxn txn;
	enum rst_err err;

	*filter = (struct filter){ .text = given(req, "q"),
		                   .now_s = req->ctx.now_s };
	filter->only_locked = status != NULL && strcmp(status, "locked") == 0;
	if (status != NULL && !filter->only_locked)
		filter->status = rst_status_parse(rst_view_of(status));
	if (status != NULL && !filter->only_locked &&
	    filter->status == RST_STATUS_NONE) {
		http_problem(reply, 400, "invalid_query", "status",
		             rule_verdict_text(RULE_INVALID_STATUS));
		return false;
	}
	err = http_read_begin(req, &txn);
	if (err == RST_OK && filter->only_locked)
		err = attempt_locked(&txn, filter->now_s, &filter->locked);
	if (err == RST_OK && filter->text != NULL)
		err = read_text(&txn, filter);
	if (err == RST_OK && group != NULL)
		err = read_group(&txn, group, filter);
	rst_read_end(&txn);
	if (err == RST_ENOTFOUND)
		http_problem(reply, 400, "invalid_query", "group",
		             rule_verdict_text(RULE_UNKNOWN_GROUP));
	else
		http_reply_err(req, reply, err, NULL);
	return err == RST_OK;
}

static void
release(struct filter *filter)
{
	rst_ids_release(&filter->members);
	rst_ids_release(&filter->locked);
}

/* The page's form shows what was asked, and "next" keeps it. */
static bool
add_query(struct http_req *req, cJSON *body)
{
	static const char *const names[] = { "q", "status", "group", "limit",
		                             NULL };
	const char *status = given(req, "status");
	char key[32];

	snprintf(key, sizeof(key), "at_%.16s", status != NULL ? status : "any");
	return page_query(req, body, names) && json_add_bool(body, key, true);
}

/* GET /users */
void
api_user_list(struct http_req *req, struct http_reply *reply)
{
	struct filter filter;
	const struct list list = { "people",  0,         keep_user,
		                   user_item, next_user, &filter };
	enum rst_err err;
	bool found;

	if (!read_filter(req, &filter, reply)) {
		release(&filter);
		return;
	}
	found = filter.indexed || filter.members.n > 0 || filter.only_locked ||
	        filter.status != RST_STATUS_NONE;
	err = found ? list_found(req, &list, &reply->body)
	            : list_children(req, &list, &reply->body);
	release(&filter);
	if (err == RST_EINVALID) {
		list_answer(req, reply, RST_EINVALID);
		return;
	}
	if (err == RST_OK && page_wanted(req) && !add_query(req, reply->body))
		err = RST_ENOMEM;
	http_reply_err(req, reply, err, NULL);
}
