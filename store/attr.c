/* SPDX-License-Identifier: OLDAP-2.8 */
/* attr.c - attribute numbers
 *
 *	attribute	0400 -> 01 "employeeNumber"	caseIgnore
 *			0401 -> 00 "jpegPhoto"		octets
 *
 * Numbers follow each other without gaps, and a row never changes or goes
 * away.  So the process keeps what it has seen in a cache: an array by number
 * and a hash table by name in lower case, behind a rwlock.  To know of more it
 * reads on from the last number it has.
 *
 * A number given out in a write transaction becomes true with its commit: an
 * abort lets the next transaction give it to another name.  Until then it
 * waits in a second list that only the writer looks at.
 *
 * The compiled-in attributes are in the cache from the start and never in the
 * table.
 */
#include "store/attr.h"

#include <stdlib.h>

#include "store/env_priv.h"

#define NUMBERS_MAX 65024 /* the last number given out */
#define SLOTS_MIN   256   /* of the hash table; a power of two */

struct attr {
	char *name;
	enum rst_match match;
};

/* Consecutive attributes from number first on. */
struct attr_list {
	uint16_t first;
	size_t n, room;
	struct attr *items;
};

struct rst_attr_cache {
	pthread_rwlock_t lock;
	struct attr_list builtin; /* from 1 */
	struct attr_list known;   /* committed, from RST_A_DYNAMIC */
	struct attr_list pending; /* of the write transaction */
	uint16_t *slots;          /* number, or 0 for none */
	size_t n_slots, n_used;
};

static void
list_clear(struct attr_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->items[i].name);
	free(list->items);
	list->items = NULL;
	list->n = list->room = 0;
}

/* Make room for one more. */
static bool
list_grow(struct attr_list *list)
{
	struct attr *items;
	size_t room = list->room > 0 ? list->room * 2 : 64;

	if (list->n < list->room)
		return true;
	items = realloc(list->items, room * sizeof(*items));
	if (items == NULL)
		return false;
	list->items = items;
	list->room = room;
	return true;
}

static bool
list_add(struct attr_list *list, struct rst_view name, enum rst_match match)
{
	char *copy;

	if (!list_grow(list))
		return false;
	copy = rst_view_dup(name);
	if (copy == NULL)
		return false;
	list->items[list->n++] = (struct attr){ copy, match };
	return true;
}

static const struct attr *
list_at(const struct attr_list *list, uint16_t id)
{
	if (id < list->first || (size_t)(id - list->first) >= list->n)
		return NULL;
	return &list->items[id - list->first];
}

static const struct attr *
cache_at(const struct rst_attr_cache *cache, uint16_t id)
{
	return id < RST_A_DYNAMIC ? list_at(&cache->builtin, id)
	                          : list_at(&cache->known, id);
}

/* FNV-1a over the name in lower case. */
static uint32_t
hash_of(struct rst_view name)
{
	uint32_t hash = UINT32_C(2166136261);

	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)rst_lower(name.ptr[i]);

		hash = (hash ^ c) * UINT32_C(16777619);
	}
	return hash;
}

/* The slot that has name, or the free one where it belongs. */
static size_t
slot_of(const struct rst_attr_cache *cache, struct rst_view name)
{
	size_t at = hash_of(name) & (cache->n_slots - 1);

	while (cache->slots[at] != 0) {
		const struct attr *attr = cache_at(cache, cache->slots[at]);

		if (rst_view_equal_nocase(rst_view_of(attr->name), name))
			break;
		at = (at + 1) & (cache->n_slots - 1);
	}
	return at;
}

/* Keep the table at most half full. */
static bool
slots_grow(struct rst_attr_cache *cache)
{
	size_t n_old = cache->n_slots, n = n_old > 0 ? n_old * 2 : SLOTS_MIN;
	uint16_t *old = cache->slots, *slots;

	if (cache->n_used * 2 < n_old)
		return true;
	slots = calloc(n, sizeof(*slots));
	if (slots == NULL)
		return false;
	cache->slots = slots;
	cache->n_slots = n;
	for (size_t i = 0; i < n_old; i++)
		if (old[i] != 0) {
			const struct attr *attr = cache_at(cache, old[i]);

			slots[slot_of(cache, rst_view_of(attr->name))] = old[i];
		}
	free(old);
	return true;
}

/* Enter the last one of list, number id, in the hash table.  A name that is
 * there keeps its first number. */
static void
slots_add(struct rst_attr_cache *cache, const char *name, uint16_t id)
{
	size_t at = slot_of(cache, rst_view_of(name));

	if (cache->slots[at] != 0)
		return;
	cache->slots[at] = id;
	cache->n_used++;
}

static bool
cache_add(struct rst_attr_cache *cache, struct attr_list *list,
          struct rst_view name, enum rst_match match)
{
	if (!slots_grow(cache) || !list_add(list, name, match))
		return false;
	slots_add(cache, list->items[list->n - 1].name,
	          (uint16_t)(list->first + list->n - 1));
	return true;
}

enum rst_err
rst_attr_cache_new(struct rst_attr_cache **ret_cache)
{
	static const struct {
		const char *name;
		enum rst_match match;
	} builtin[] = {
#define ROW(id, name, match) { name, match },
		RST_ATTRS(ROW)
#undef ROW
	};
	struct rst_attr_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		return RST_ENOMEM;
	if (pthread_rwlock_init(&cache->lock, NULL) != 0) {
		free(cache);
		return RST_ENOMEM;
	}
	cache->builtin.first = 1;
	cache->known.first = RST_A_DYNAMIC;
	for (size_t i = 0; i < sizeof(builtin) / sizeof(builtin[0]); i++)
		if (!cache_add(cache, &cache->builtin,
		               rst_view_of(builtin[i].name),
		               builtin[i].match)) {
			rst_attr_cache_free(cache);
			return RST_ENOMEM;
		}
	*ret_cache = cache;
	return RST_OK;
}

void
rst_attr_cache_free(struct rst_attr_cache *cache)
{
	if (cache == NULL)
		return;
	list_clear(&cache->builtin);
	list_clear(&cache->known);
	list_clear(&cache->pending);
	free(cache->slots);
	pthread_rwlock_destroy(&cache->lock);
	free(cache);
}

void
rst_attr_cache_settle(struct rst_attr_cache *cache, bool committed)
{
	struct attr_list *pending = &cache->pending;
	size_t i = 0;

	if (pending->n == 0)
		return;
	pthread_rwlock_wrlock(&cache->lock);
	/* Short of memory, or when somebody read them meanwhile, the rest is
	 * read from the table when it is asked for. */
	if (committed && pending->first == cache->known.first + cache->known.n)
		for (; i < pending->n; i++) {
			if (!slots_grow(cache) || !list_grow(&cache->known))
				break;
			cache->known.items[cache->known.n++] =
				pending->items[i];
			slots_add(cache, pending->items[i].name,
			          (uint16_t)(pending->first + i));
			pending->items[i].name = NULL; /* it has moved */
		}
	list_clear(pending);
	pthread_rwlock_unlock(&cache->lock);
}

static bool
match_is_valid(unsigned char match)
{
	return match <= RST_MATCH_CSN;
}

/*
 * Read the rows after the last known one.  In a write transaction those that
 * it added itself are left out.  Call with the lock held for writing.
 */
static enum rst_err
read_on(const struct rst_rtxn *txn, struct rst_attr_cache *cache, bool writing)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value, name;
	uint16_t next;
	enum rst_err err;
	char seek[2];

	err = rst_cursor_open(txn, RST_T_ATTRIBUTE, &cursor);
	if (err != RST_OK)
		return err;
	next = (uint16_t)(cache->known.first + cache->known.n);
	rst_put_be16(seek, next);
	for (err = rst_cursor_seek(&cursor, rst_view(seek, 2), &key, &value);
	     err == RST_OK; err = rst_cursor_next(&cursor, &key, &value)) {
		if (writing && cache->pending.n > 0 &&
		    next >= cache->pending.first)
			break;
		if (key.len != 2 || rst_get_be16(key.ptr) != next ||
		    value.len < 2 || value.len > RST_ATTR_NAME_MAX + 1 ||
		    !match_is_valid((unsigned char)value.ptr[0])) {
			err = RST_ECORRUPT;
			break;
		}
		name = rst_view(value.ptr + 1, value.len - 1);
		if (!cache_add(cache, &cache->known, name,
		               (enum rst_match)value.ptr[0])) {
			err = RST_ENOMEM;
			break;
		}
		next++;
	}
	rst_cursor_close(&cursor);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

/* txn is this process's write transaction. */
static bool
is_writing(const struct rst_rtxn *txn)
{
	return txn->mdb != NULL && atomic_load(&txn->env->writer) == txn->mdb;
}

/* The number of name, 0 when it is not known; *ret_next is the number after
 * the last known one. */
static uint16_t
find_known(struct rst_attr_cache *cache, struct rst_view name,
           uint16_t *ret_next)
{
	uint16_t id;

	pthread_rwlock_rdlock(&cache->lock);
	id = cache->slots[slot_of(cache, name)];
	*ret_next = (uint16_t)(cache->known.first + cache->known.n);
	pthread_rwlock_unlock(&cache->lock);
	return id;
}

/*
 * RST_OK when the table has rows from number next on.  Asked before the lock
 * is taken for writing, so that a filter on a name that nobody ever stored
 * does not hold up the others.
 */
static enum rst_err
has_rows_from(const struct rst_rtxn *txn, uint16_t next)
{
	struct rst_cursor cursor = { 0 };
	struct rst_view key, value;
	enum rst_err err;
	char seek[2];

	rst_put_be16(seek, next);
	err = rst_cursor_open(txn, RST_T_ATTRIBUTE, &cursor);
	if (err == RST_OK)
		err = rst_cursor_seek(&cursor, rst_view(seek, sizeof(seek)),
		                      &key, &value);
	rst_cursor_close(&cursor);
	return err;
}

static uint16_t
find_pending(const struct rst_attr_cache *cache, struct rst_view name)
{
	const struct attr_list *list = &cache->pending;

	for (size_t i = 0; i < list->n; i++)
		if (rst_view_equal_nocase(rst_view_of(list->items[i].name),
		                          name))
			return (uint16_t)(list->first + i);
	return 0;
}

enum rst_err
rst_attr_find(const struct rst_rtxn *txn, struct rst_view name,
              uint16_t *ret_id)
{
	struct rst_attr_cache *cache = txn->env->attrs;
	bool writing = is_writing(txn);
	enum rst_err err;
	uint16_t next, id = find_known(cache, name, &next);

	if (id == 0 && writing)
		id = find_pending(cache, name);
	if (id == 0) {
		err = has_rows_from(txn, next);
		if (err != RST_OK)
			return err;
		pthread_rwlock_wrlock(&cache->lock);
		err = read_on(txn, cache, writing);
		id = cache->slots[slot_of(cache, name)];
		pthread_rwlock_unlock(&cache->lock);
		if (err != RST_OK)
			return err;
	}
	if (id == 0)
		return RST_ENOTFOUND;
	*ret_id = id;
	return RST_OK;
}

enum rst_err
rst_attr_intern(struct rst_wtxn *txn, struct rst_view name,
                enum rst_match match, uint16_t *ret_id)
{
	struct rst_attr_cache *cache = txn->r.env->attrs;
	char key[2], value[RST_ATTR_NAME_MAX + 1];
	uint16_t next;
	enum rst_err err;

	if (name.len == 0 || name.len > RST_ATTR_NAME_MAX ||
	    memchr(name.ptr, '\0', name.len) != NULL)
		return RST_EINVALID;
	err = rst_attr_find(&txn->r, name, ret_id);
	if (err != RST_ENOTFOUND)
		return err;

	/* Nobody but us adds: the find above has read all that is there. */
	if (cache->pending.n == 0) {
		pthread_rwlock_rdlock(&cache->lock);
		cache->pending.first =
			(uint16_t)(cache->known.first + cache->known.n);
		pthread_rwlock_unlock(&cache->lock);
	}
	if (cache->pending.first + cache->pending.n > NUMBERS_MAX)
		return RST_EFULL;
	next = (uint16_t)(cache->pending.first + cache->pending.n);
	rst_put_be16(key, next);
	value[0] = (char)match;
	memcpy(value + 1, name.ptr, name.len);
	err = rst_db_put(txn, RST_T_ATTRIBUTE, rst_view(key, sizeof(key)),
	                 rst_view(value, name.len + 1), false);
	if (err != RST_OK)
		return err == RST_EEXISTS ? RST_ECORRUPT : err;
	if (!list_add(&cache->pending, name, match))
		return RST_ENOMEM;
	*ret_id = next;
	return RST_OK;
}

enum rst_err
rst_attr_name(const struct rst_rtxn *txn, uint16_t id, const char **ret_name,
              enum rst_match *ret_match)
{
	struct rst_attr_cache *cache = txn->env->attrs;
	bool writing = is_writing(txn);
	struct attr found = { NULL, RST_MATCH_EXACT };
	const struct attr *attr;
	enum rst_err err = RST_OK;

	pthread_rwlock_rdlock(&cache->lock);
	attr = cache_at(cache, id);
	if (attr != NULL)
		found = *attr;
	pthread_rwlock_unlock(&cache->lock);
	if (found.name == NULL && writing) {
		attr = list_at(&cache->pending, id);
		if (attr != NULL)
			found = *attr;
	}
	if (found.name == NULL) {
		pthread_rwlock_wrlock(&cache->lock);
		err = read_on(txn, cache, writing);
		attr = cache_at(cache, id);
		if (attr != NULL)
			found = *attr;
		pthread_rwlock_unlock(&cache->lock);
	}
	if (err != RST_OK)
		return err;
	if (found.name == NULL)
		return RST_ECORRUPT;
	*ret_name = found.name;
	*ret_match = found.match;
	return RST_OK;
}
