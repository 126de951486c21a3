/* SPDX-License-Identifier: OLDAP-2.8 */
/* json.h - reading JSON strictly and writing it from the store's values
 *
 * cJSON builds the tree but decides nothing: it accepts duplicate keys, finds
 * "Role" when asked for "role", cuts strings at \u0000, rounds integers and
 * nests a thousand deep.  Everything from outside passes json_parse() first,
 * and is then read with the case-sensitive functions below only.
 */
#ifndef HTTPD_JSON_H
#define HTTPD_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "store/err.h"
#include "store/view.h"

#define JSON_BYTES_MAX 65536 /* of one document */
#define JSON_DEPTH_MAX 16    /* arrays and objects inside each other */
#define JSON_NODES_MAX 1000  /* values of all kinds */

/*
 * Parse text, which must be exactly one JSON value in UTF-8 within the limits
 * above, without a byte order mark, control characters, \u0000, lone
 * surrogates or two keys of an object that differ in case only.  Every number
 * keeps its token as written in valuestring.  NULL when it is not, with the
 * reason in *ret_why (static), or when out of memory (*ret_why NULL).
 * The result is to be freed with json_wipe().
 */
cJSON *json_parse(struct rst_view text, const char **ret_why);

/* Free a tree, overwriting its strings: they may be passwords.  NULL is
 * allowed. */
void json_wipe(cJSON *tree);

/* A member by its exact name, or NULL. */
const cJSON *json_get(const cJSON *object, const char *name);

/* The number's token is a plain decimal (no sign, fraction, exponent or
 * leading zero) of at most max. */
bool json_number(const cJSON *item, uint64_t max, uint64_t *ret_number);

/* Text is UTF-8 without NUL. */
bool json_is_text(struct rst_view text);

/*
 * Who adds many things need not look at each: json_all_fit() is false when
 * what follows did not fit into memory since this thread's json_watch().
 */
void json_watch(void);
bool json_all_fit(void);

/*
 * Add to object under key.  Bytes that are not UTF-8 (old imports) become
 * question marks.  False when out of memory.
 */
bool json_add_view(cJSON *object, const char *key, struct rst_view value);
bool json_add_text(cJSON *object, const char *key, const char *text);
bool json_add_bool(cJSON *object, const char *key, bool value);
bool json_add_number(cJSON *object, const char *key, uint64_t number);
/* In the place of the member that is there. */
bool json_replace_text(cJSON *object, const char *key, const char *text);
/* As RFC 3339 in UTC: "2026-11-22T02:37:00Z". */
bool json_add_time(cJSON *object, const char *key, int64_t time_s);
/* Append a string to an array. */
bool json_append_view(cJSON *array, struct rst_view value);
/* Takes item, whether or not it fits in; false when out of memory or when
 * item is NULL. */
bool json_take(cJSON *object, const char *key, cJSON *item);
bool json_take_item(cJSON *array, cJSON *item);

#define JSON_TIME_MAX 32 /* bytes of a time as text, with the NUL */
void json_time_text(int64_t time_s, char buf[JSON_TIME_MAX]);
/* Read generalizedTime "20261122023700Z" or RFC 3339 in UTC. */
bool json_time_parse(struct rst_view text, int64_t *ret_time_s);

#endif
