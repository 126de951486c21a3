/* SPDX-License-Identifier: OLDAP-2.8 */
/* moment.h - moments as generalizedTime, and new UUIDs, for lifecycle/ */
#ifndef LIFECYCLE_MOMENT_H
#define LIFECYCLE_MOMENT_H

#include "store/view.h"

#define LIFECYCLE_TIME_BYTES 24 /* of "20261122023734Z" with the NUL */
#define LIFECYCLE_UUID_BYTES 37 /* of a UUID's text with the NUL */

/* The last second of the year 9999: there is no way to write a later one. */
#define LIFECYCLE_TIME_LAST INT64_C(253402300799)

/* A time outside the years 1 to 9999 is cut to them. */
void lifecycle_time_print(int64_t time_s, char buf[LIFECYCLE_TIME_BYTES]);
/* The same with the marks of RFC 3339, for people and JSON. */
void lifecycle_time_print_3339(int64_t time_s, char buf[LIFECYCLE_TIME_BYTES]);

/* Reads "YYYYMMDDhhmmssZ", with or without a fraction.  False for anything
 * else. */
bool lifecycle_time_parse(struct rst_view text, int64_t *ret_time_s);

/* A random (version 4) UUID in lower case. */
void lifecycle_uuid_new(char buf[LIFECYCLE_UUID_BYTES]);

#endif
