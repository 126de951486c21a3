/* SPDX-License-Identifier: OLDAP-2.8 */
/* list.c - lists a page at a time
 *
 * A cursor is the place where the walk stopped: of a place's children the key
 * as base64url, checked to lie in the table's part that the list walks, so
 * that a made-up one leads nowhere else; of what an index finds, the last id.
 * The walk renews its snapshot every LIST_BATCH entries: a search for what few
 * have does not pin pages, and ends after LIST_LOOK of them with fewer than
 * were asked for, even none, and a cursor: a page costs what it costs, however
 * large the directory.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "httpd/api.h"

#define LIST_BATCH 256 /* entries looked at in one transaction */
#define LIST_LOOK  16  /* so many batches for one page */

void
list_answer(struct http_req *req, struct http_reply *reply, enum rst_err err)
{
	if (err == RST_EINVALID)
		http_problem(reply, 400, "invalid_query", NULL,
		             "limit or cursor is malformed");
	else
		http_reply_err(req, reply, err, NULL);
}

bool
list_limit(const struct http_req *req, size_t *ret_limit)
{
	const char *text = http_query_get(&req->query, "limit");
	uint64_t limit = HTTP_LIST_DEFAULT;

	if (text != NULL &&
	    (!rst_view_number(rst_view_of(text), HTTP_LIST_MAX, &limit) ||
	     limit == 0))
		return false;
	*ret_limit = (size_t)limit;
	return true;
}

bool
list_cursor_text(const char *bytes, size_t len, char *buf, size_t size)
{
	const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

	if (sodium_base64_encoded_len(len, variant) > size)
		return false;
	sodium_bin2base64(buf, size, (const unsigned char *)bytes, len,
	                  variant);
	return true;
}

bool
list_cursor_bytes(const char *text, char *bytes, size_t size, size_t *ret_len)
{
	const char *end = NULL;

	return sodium_base642bin((unsigned char *)bytes, size, text,
	                         strlen(text), NULL, ret_len, &end,
	                         sodium_base64_VARIANT_URLSAFE_NO_PADDING) ==
	               0 &&
	       *end == '\0';
}

/* Start where the query's cursor says, if that is below parent. */
static enum rst_err
start(const struct http_req *req, const struct rst_rtxn *txn, uint64_t parent,
      struct rst_tree_cursor *cursor)
{
	const char *text = http_query_get(&req->query, "cursor");
	struct rst_tree_cursor first = { .len = 0 };
	uint64_t id;
	size_t n, len;
	enum rst_err err;

	cursor->len = 0;
	if (text == NULL || text[0] == '\0')
		return RST_OK;
	err = rst_tree_children(txn, parent, &first, &id, 1, &n);
	if (err != RST_OK)
		return err;
	if (!list_cursor_bytes(text, cursor->key, sizeof(cursor->key), &len) ||
	    n == 0 || len <= 8 || memcmp(cursor->key, first.key, 8) != 0)
		return RST_EINVALID;
	cursor->len = len;
	return RST_OK;
}

/* Add the items of one batch; *cursor moves to the last one looked at. */
static enum rst_err
take_batch(const struct list *list, struct rst_rtxn *txn, uint64_t parent,
           struct rst_tree_cursor *cursor, cJSON *items, size_t limit,
           bool *ret_end)
{
	struct rst_record record;
	size_t seen = 0, n = 0;
	uint64_t id;
	enum rst_err err = RST_OK;

	while ((size_t)cJSON_GetArraySize(items) < limit &&
	       seen++ < LIST_BATCH) {
		err = rst_tree_children(txn, parent, cursor, &id, 1, &n);
		if (err != RST_OK || n == 0)
			break;
		err = rst_record_get(txn, id, &record);
		if (err != RST_OK)
			break;
		err = list->keep(list->arg, txn, &record);
		if (err == RST_OK &&
		    !json_take_item(items, list->item(list->arg, txn, &record)))
			return RST_ENOMEM;
		if (err != RST_OK && err != RST_ENOTFOUND)
			return err;
		err = RST_OK;
	}
	*ret_end = err == RST_OK && n == 0;
	return err;
}

/* Is there another one that belongs?  So that the last page has no "next". */
static enum rst_err
peek(const struct list *list, struct rst_rtxn *txn, uint64_t parent,
     struct rst_tree_cursor cursor, bool *ret_more)
{
	struct rst_record record;
	enum rst_err err = RST_OK;
	uint64_t id;
	size_t n;

	*ret_more = false;
	for (size_t seen = 0; seen < LIST_BATCH; seen++) {
		err = rst_tree_children(txn, parent, &cursor, &id, 1, &n);
		if (err != RST_OK || n == 0)
			return err;
		err = rst_record_get(txn, id, &record);
		if (err != RST_OK)
			return err;
		err = list->keep(list->arg, txn, &record);
		if (err == RST_OK)
			break;
		if (err != RST_ENOTFOUND)
			return err;
	}
	*ret_more = true; /* or so far away that one must look */
	return RST_OK;
}

static enum rst_err
walk(const struct http_req *req, const struct list *list, struct rst_rtxn *txn,
     size_t limit, cJSON *body)
{
	cJSON *items = cJSON_AddArrayToObject(body, "items");
	char text[HTTP_CURSOR_MAX];
	struct rst_tree_cursor cursor;
	bool end = false, more = false;
	uint64_t parent = list->parent;
	enum rst_err err = RST_OK;

	if (parent == 0)
		err = model_place(txn, list->ou, &parent);
	if (err == RST_OK)
		err = start(req, txn, parent, &cursor);
	for (size_t n = 0; err == RST_OK && !end && n < LIST_LOOK &&
	                   (size_t)cJSON_GetArraySize(items) < limit;
	     n++) {
		err = take_batch(list, txn, parent, &cursor, items, limit,
		                 &end);
		rst_read_reset(txn);
		if (err == RST_OK)
			err = rst_read_renew(txn);
	}
	if (err == RST_OK && !end)
		err = peek(list, txn, parent, cursor, &more);
	if (err != RST_OK)
		return err;
	if (more &&
	    list_cursor_text(cursor.key, cursor.len, text, sizeof(text)))
		return json_add_text(body, "next", text) ? RST_OK : RST_ENOMEM;
	return json_take(body, "next", cJSON_CreateNull()) ? RST_OK
	                                                   : RST_ENOMEM;
}

/* The same over what an index finds, from id after on. */
static enum rst_err
walk_found(const struct list *list, struct rst_rtxn *txn, uint64_t after,
           size_t limit, cJSON *body)
{
	cJSON *items = cJSON_AddArrayToObject(body, "items");
	struct rst_record record;
	uint64_t id = after, last = after;
	size_t seen = 0, n = 0;
	char text[24];
	enum rst_err err;

	for (;;) {
		err = list->next(list->arg, txn, &id);
		if (err != RST_OK)
			break;
		err = rst_record_get(txn, id, &record);
		if (err != RST_OK)
			break;
		err = list->keep(list->arg, txn, &record);
		if (err != RST_OK && err != RST_ENOTFOUND)
			return err;
		if (err == RST_OK) {
			if (n++ == limit)
				break; /* there is one more than fits */
			if (!json_take_item(
				    items, list->item(list->arg, txn, &record)))
				return RST_ENOMEM;
		}
		err = RST_OK;
		last = id;
		if (++seen > (size_t)LIST_BATCH * LIST_LOOK)
			break; /* there may be more */
		if (seen % LIST_BATCH != 0)
			continue;
		rst_read_reset(txn);
		err = rst_read_renew(txn);
		if (err != RST_OK)
			break;
	}
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)last);
	return json_take(body, "next",
	                 err == RST_OK ? cJSON_CreateString(text)
	                               : cJSON_CreateNull())
	               ? RST_OK
	               : RST_ENOMEM;
}

static enum rst_err
make_list(const struct http_req *req, const struct list *list, bool found,
          cJSON **ret_body)
{
	const char *text = http_query_get(&req->query, "cursor");
	cJSON *body = NULL;
	uint64_t after = 0;
	struct rst_rtxn txn;
	enum rst_err err;
	size_t limit;

	if (!list_limit(req, &limit) ||
	    (found && text != NULL && text[0] != '\0' &&
	     !rst_view_number(rst_view_of(text), UINT64_MAX, &after)))
		return RST_EINVALID;
	err = rst_read_begin(req->server->env, &txn);
	if (err != RST_OK)
		return err;
	body = cJSON_CreateObject();
	if (body == NULL)
		err = RST_ENOMEM;
	else if (found)
		err = walk_found(list, &txn, after, limit, body);
	else
		err = walk(req, list, &txn, limit, body);
	rst_read_end(&txn);
	if (err == RST_OK) {
		*ret_body = body;
		body = NULL;
	}
	cJSON_Delete(body);
	return err;
}

enum rst_err
list_children(const struct http_req *req, const struct list *list,
              cJSON **ret_body)
{
	return make_list(req, list, false, ret_body);
}

enum rst_err
list_found(const struct http_req *req, const struct list *list,
           cJSON **ret_body)
{
	return make_list(req, list, true, ret_body);
}
