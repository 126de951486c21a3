/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz.h - one parser, whatever bytes: what every target has
 *
 * A target is a LLVMFuzzerTestOneInput(), as libFuzzer calls it.  Beside not
 * crashing it says what holds for every input, with FUZZ_MUST().  Linked with
 * main.c it reads the files of its corpus, with gcc, in every "make check".
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/view.h"

#define FUZZ_MUST(holds)                                                       \
	do {                                                                   \
		if (!(holds)) {                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__,       \
			        __LINE__, #holds);                             \
			abort();                                               \
		}                                                              \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, cut at line feeds: the next piece, "" after the last. */
static inline struct rst_view
fuzz_line(struct rst_view *left)
{
	const char *end =
		left->len > 0 ? memchr(left->ptr, '\n', left->len) : NULL;
	struct rst_view line = { left->ptr, left->len };

	if (end != NULL)
		line.len = (size_t)(end - left->ptr);
	left->ptr += line.len + (end != NULL);
	left->len -= line.len + (end != NULL);
	return line;
}

/* A view as a C string on the heap, so that a step beyond it is found. */
static inline char *
fuzz_text(struct rst_view view)
{
	char *text = malloc(view.len + 1);

	FUZZ_MUST(text != NULL);
	if (view.len > 0)
		memcpy(text, view.ptr, view.len);
	text[view.len] = '\0';
	return text;
}

#endif
