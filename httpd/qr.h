/* SPDX-License-Identifier: OLDAP-2.8 */
/* qr.h - a link as a picture that a telephone reads */
#ifndef HTTPD_QR_H
#define HTTPD_QR_H

#include "httpd/json.h"

/*
 * Add { size, path } under key of object: the path of an SVG of size x size
 * (with the quiet margin), a square a unit.  A text that is too long for a
 * code adds nothing.  False when out of memory.
 */
bool qr_add(cJSON *object, const char *key, const char *text);

#endif
