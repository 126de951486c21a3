/* SPDX-License-Identifier: OLDAP-2.8 */
/* json_priv.h - between json.c and json_scan.c */
#ifndef HTTPD_JSON_PRIV_H
#define HTTPD_JSON_PRIV_H

#include "httpd/json.h"

struct json_scan {
	const char *at, *end;
	const char *why; /* static; NULL while all is well */
	unsigned int depth, nodes;
	size_t n_numbers;
	struct rst_view numbers[JSON_NODES_MAX]; /* borrow the text */
};

/* True when text is lawful; else scan->why says what is wrong. */
bool json_scan(struct json_scan *scan, struct rst_view text);

#endif
