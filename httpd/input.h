/* SPDX-License-Identifier: OLDAP-2.8 */
/* input.h - the fields of a body, whether it came as JSON or as a form
 *
 * A handler names the fields it knows; any other is refused (400
 * unknown_field), as are wrong types, missing and over-long ones.  After
 * input_check() the getters cannot fail: what is not there is empty.
 */
#ifndef HTTPD_INPUT_H
#define HTTPD_INPUT_H

#include "httpd/http.h"

#define INPUT_TEXT_MAX 1024  /* bytes of a text */
#define INPUT_LONG_MAX 16384 /* of a long one */
#define INPUT_FILE_MAX 32768 /* of a file */
#define INPUT_LIST_MAX 64    /* members of a list */

enum input_kind {
	INPUT_TEXT,
	INPUT_LONG,   /* a text of up to INPUT_LONG_MAX bytes */
	INPUT_FILE,   /* a text of up to INPUT_FILE_MAX bytes */
	INPUT_NUMBER, /* 0 to 2^32 - 2 */
	INPUT_BOOL,   /* of a form: there and not "", "0", "false" or "off" */
	INPUT_LIST,   /* of texts; of a form: the name again and again */
	INPUT_WORDS,  /* a text, or a list of texts */
	INPUT_ANY,    /* text or number; the handler looks itself */
	INPUT_OBJECT, /* of JSON; the handler looks itself */
};

struct input_field {
	const char *name;
	enum input_kind kind;
	bool required;
};

/* False, with *reply the error, when a field is not as it must be. */
bool input_check(struct http_req *req, const struct input_field *fields,
                 size_t n_fields, struct http_reply *reply);
#define INPUT_CHECK(req, fields, reply)                                        \
	input_check(req, fields, sizeof(fields) / sizeof((fields)[0]), reply)

bool input_has(const struct http_req *req, const char *name);
/* Borrows the input; a NULL ptr when it is not there. */
struct rst_view input_text(const struct http_req *req, const char *name);
/* Without the blanks before and after, which keyboards of phones add. */
struct rst_view input_name(const struct http_req *req, const char *name);
uint64_t input_number(const struct http_req *req, const char *name,
                      uint64_t otherwise);
bool input_bool(const struct http_req *req, const char *name, bool otherwise);
/* At most INPUT_LIST_MAX views into items; the number of them. */
size_t input_list(const struct http_req *req, const char *name,
                  struct rst_view items[INPUT_LIST_MAX]);

/*
 * form.c: read application/x-www-form-urlencoded into an object of strings
 * and arrays of strings; NULL with *ret_why when it is malformed, with it NULL
 * when out of memory.
 */
#define FORM_FIELDS_MAX 128
cJSON *form_parse(struct rst_view body, const char **ret_why);

#endif
