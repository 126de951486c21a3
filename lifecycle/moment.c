/* SPDX-License-Identifier: OLDAP-2.8 */
/* moment.c - moments as generalizedTime, and new UUIDs */
#include <sodium.h>
#include <stdio.h>
#include <time.h>

#include "lifecycle/moment.h"

#define TIME_FIRST INT64_C(-62135596800) /* 1 January of the year 1 */

/* The parts of a moment, each within its digits. */
struct parts {
	unsigned int year, month, day, hour, minute, second;
};

static struct parts
split(int64_t time_s)
{
	struct tm tm = { 0 };
	time_t at;

	if (time_s < TIME_FIRST)
		time_s = TIME_FIRST;
	else if (time_s > LIFECYCLE_TIME_LAST)
		time_s = LIFECYCLE_TIME_LAST;
	at = (time_t)time_s;
	(void)gmtime_r(&at, &tm);
	return (struct parts){
		.year = (unsigned int)(tm.tm_year + 1900) % 10000,
		.month = (unsigned int)(tm.tm_mon + 1) % 100,
		.day = (unsigned int)tm.tm_mday % 100,
		.hour = (unsigned int)tm.tm_hour % 100,
		.minute = (unsigned int)tm.tm_min % 100,
		.second = (unsigned int)tm.tm_sec % 100,
	};
}

void
lifecycle_time_print(int64_t time_s, char buf[LIFECYCLE_TIME_BYTES])
{
	struct parts p = split(time_s);

	(void)snprintf(buf, LIFECYCLE_TIME_BYTES, "%04u%02u%02u%02u%02u%02uZ",
	               p.year, p.month, p.day, p.hour, p.minute, p.second);
}

void
lifecycle_time_print_3339(int64_t time_s, char buf[LIFECYCLE_TIME_BYTES])
{
	struct parts p = split(time_s);

	(void)snprintf(buf, LIFECYCLE_TIME_BYTES,
	               "%04u-%02u-%02uT%02u:%02u:%02uZ", p.year, p.month, p.day,
	               p.hour, p.minute, p.second);
}

/* n digits at text as a number, or -1. */
static int
digits(const char *text, size_t n)
{
	int number = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		number = number * 10 + (text[i] - '0');
	}
	return number;
}

/* "Z" or ".123Z" */
static bool
is_tail(struct rst_view text)
{
	size_t i = 0;

	if (text.len > 2 && (text.ptr[0] == '.' || text.ptr[0] == ','))
		for (i = 1;
		     i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9';)
			i++;
	return i + 1 == text.len && text.ptr[i] == 'Z';
}

bool
lifecycle_time_parse(struct rst_view text, int64_t *ret_time_s)
{
	struct tm tm = { 0 };
	int64_t time_s;
	int part[6];

	if (text.len < 15 || !is_tail(rst_view(text.ptr + 14, text.len - 14)))
		return false;
	part[0] = digits(text.ptr, 4);
	for (size_t i = 1; i < 6; i++)
		part[i] = digits(text.ptr + 2 + i * 2, 2);
	for (size_t i = 0; i < 6; i++)
		if (part[i] < 0)
			return false;
	if (part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31 ||
	    part[3] > 23 || part[4] > 59 || part[5] > 60)
		return false;
	tm.tm_year = part[0] - 1900;
	tm.tm_mon = part[1] - 1;
	tm.tm_mday = part[2];
	(void)timegm(&tm); /* makes 2 March of 30 February */
	if (tm.tm_mday != part[2])
		return false;
	tm.tm_hour = part[3];
	tm.tm_min = part[4];
	tm.tm_sec = part[5];
	time_s = (int64_t)timegm(&tm);
	if (time_s > LIFECYCLE_TIME_LAST) /* by a leap second */
		return false;
	*ret_time_s = time_s;
	return true;
}

void
lifecycle_uuid_new(char buf[LIFECYCLE_UUID_BYTES])
{
	unsigned char b[16];
	char *at = buf;

	randombytes_buf(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* version 4 */
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80); /* RFC 4122's variant */
	for (size_t i = 0; i < sizeof(b); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		(void)snprintf(at, 3, "%02x", b[i]);
		at += 2;
	}
}
