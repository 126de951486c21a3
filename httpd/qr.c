/* SPDX-License-Identifier: OLDAP-2.8 */
/* qr.c - a link as a picture that a telephone reads
 *
 * Dark squares that stand side by side are one stroke: "M4 4h7v1h-7z".
 */
#include "httpd/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define MARGIN 4 /* squares, as the standard asks */

static void
draw(const QRcode *code, FILE *out)
{
	int width = code->width;

	for (int y = 0; y < width; y++)
		for (int x = 0, run; x < width; x += run + 1) {
			const unsigned char *row =
				code->data + (size_t)y * (size_t)width;

			for (run = 0;
			     x + run < width && (row[x + run] & 1) != 0;)
				run++;
			if (run > 0)
				fprintf(out, "M%d %dh%dv1h-%dz", x + MARGIN,
				        y + MARGIN, run, run);
		}
}

bool
qr_add(cJSON *object, const char *key, const char *text)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);
	char *path = NULL;
	size_t len = 0;
	cJSON *item;
	FILE *out;
	bool ok;

	if (code == NULL)
		return errno != ENOMEM;
	out = open_memstream(&path, &len);
	if (out != NULL)
		draw(code, out);
	ok = out != NULL && fclose(out) == 0;
	item = cJSON_AddObjectToObject(object, key);
	ok = ok && json_add_text(item, "path", path) &&
	     json_add_number(item, "size", (uint64_t)code->width + 2 * MARGIN);
	if (path != NULL)
		sodium_memzero(path, len);
	free(path);
	QRcode_free(code);
	return ok;
}
