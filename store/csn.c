/* SPDX-License-Identifier: OLDAP-2.8 */
/* csn.c - change sequence numbers
 *
 *	20261122024501.123456Z#000000#00f#000000
 *	time, microseconds     count  sid mod
 *
 * Table meta holds the highest one that was committed, by whomever.  The next
 * has the time of the clock, or, where that is not later, the last one's time
 * and a higher count: it is above all others, whatever the server id and
 * however the clock jumps.  So a CSN from the future, made by a clock that was
 * wrong or brought by slapadd, is followed by others of that time until the
 * clock comes there: order matters, not the hour.  Only the very end of time is
 * refused, for above it there would be no CSN left and no change possible.
 */
#include <stdio.h>
#include <time.h>

#include "store/journal_priv.h"

#define COUNT_MAX UINT32_C(0xffffff)
#define DATE_MAX  98991231 /* brought by others; ours go on from there */

static const struct rst_view last_key = { "csn", 3 };

/* n digits of base at *at, which moves behind them. */
static bool
digits(struct rst_view *at, size_t n, unsigned int base, uint32_t *ret_number)
{
	uint32_t number = 0;
	unsigned int digit;
	char c;

	if (at->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		c = at->ptr[i];
		if (c >= '0' && c <= '9')
			digit = (unsigned int)(c - '0');
		else if (base == 16 && c >= 'a' && c <= 'f')
			digit = (unsigned int)(c - 'a') + 10;
		else if (base == 16 && c >= 'A' && c <= 'F')
			digit = (unsigned int)(c - 'A') + 10;
		else
			return false;
		number = number * base + digit;
	}
	at->ptr += n;
	at->len -= n;
	*ret_number = number;
	return true;
}

static bool
mark(struct rst_view *at, char c)
{
	if (at->len == 0 || at->ptr[0] != c)
		return false;
	at->ptr++;
	at->len--;
	return true;
}

struct csn {
	uint32_t date, time, us, count, sid, mod; /* date as YYYYmmdd */
};

static bool
parse(struct rst_view text, struct csn *csn)
{
	size_t sid_digits;

	csn->us = 0;
	if (!digits(&text, 8, 10, &csn->date) ||
	    !digits(&text, 6, 10, &csn->time))
		return false;
	if (mark(&text, '.') && !digits(&text, 6, 10, &csn->us))
		return false;
	if (!mark(&text, 'Z') || !mark(&text, '#') ||
	    !digits(&text, 6, 16, &csn->count) || !mark(&text, '#'))
		return false;
	if (csn->date % 10000 / 100 < 1 || csn->date % 10000 / 100 > 12 ||
	    csn->date % 100 < 1 || csn->date % 100 > 31 ||
	    csn->time / 10000 > 23 || csn->time / 100 % 100 > 59 ||
	    csn->time % 100 > 60)
		return false;
	sid_digits = text.len == 9 ? 2 : 3;
	return digits(&text, sid_digits, 16, &csn->sid) && mark(&text, '#') &&
	       digits(&text, 6, 16, &csn->mod) && text.len == 0;
}

static void
print(const struct csn *csn, char buf[RST_CSN_MAX])
{
	snprintf(buf, RST_CSN_MAX, "%08u%06u.%06uZ#%06x#%03x#%06x",
	         csn->date % 100000000, csn->time % 1000000, csn->us % 1000000,
	         csn->count & COUNT_MAX, csn->sid & 0xfff,
	         csn->mod & COUNT_MAX);
}

bool
rst_csn_canonical(struct rst_view text, char buf[RST_CSN_MAX])
{
	struct csn csn;

	if (!parse(text, &csn))
		return false;
	print(&csn, buf);
	return true;
}

/* RST_ENOTFOUND for none yet. */
static enum rst_err
get_last(const struct rst_rtxn *txn, struct csn *ret_csn)
{
	struct rst_view value;
	enum rst_err err = rst_meta_get(txn, last_key, &value);

	if (err == RST_OK && !parse(value, ret_csn))
		err = RST_ECORRUPT;
	return err;
}

enum rst_err
rst_csn_last(const struct rst_rtxn *txn, char buf[RST_CSN_MAX])
{
	struct csn last = { 0 };
	enum rst_err err = get_last(txn, &last);

	buf[0] = '\0';
	if (err == RST_OK)
		print(&last, buf);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
set_last(struct rst_wtxn *txn, const char *csn)
{
	return rst_meta_put(txn, last_key, rst_view_of(csn));
}

static bool
set_time(struct csn *csn, time_t seconds)
{
	struct tm tm;

	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900)
		return false;
	csn->date = (uint32_t)((tm.tm_year + 1900) * 10000 +
	                       (tm.tm_mon + 1) * 100 + tm.tm_mday);
	csn->time =
		(uint32_t)(tm.tm_hour * 10000 + tm.tm_min * 100 + tm.tm_sec);
	return true;
}

/* The time of the clock as a CSN with count 0. */
static bool
from_clock(int64_t now_s, uint32_t now_us, unsigned int sid, struct csn *csn)
{
	*csn = (struct csn){ .us = now_us, .sid = sid };
	return now_us <= 999999 && sid <= 0xfff && now_s >= 0 &&
	       set_time(csn, (time_t)now_s);
}

static bool
is_later(const struct csn *a, const struct csn *b)
{
	if (a->date != b->date)
		return a->date > b->date;
	if (a->time != b->time)
		return a->time > b->time;
	return a->us > b->us;
}

/* The next one of the same time: a higher count, else a microsecond on. */
static bool
advance(struct csn *csn)
{
	struct tm tm = { 0 };

	csn->count = csn->count == COUNT_MAX ? 0 : csn->count + 1;
	if (csn->count != 0)
		return true;
	csn->us = csn->us == 999999 ? 0 : csn->us + 1;
	if (csn->us != 0)
		return true;
	tm.tm_year = (int)(csn->date / 10000) - 1900;
	tm.tm_mon = (int)(csn->date / 100 % 100) - 1;
	tm.tm_mday = (int)(csn->date % 100);
	tm.tm_hour = (int)(csn->time / 10000);
	tm.tm_min = (int)(csn->time / 100 % 100);
	tm.tm_sec = (int)(csn->time % 100) + 1;
	return set_time(csn, timegm(&tm));
}

enum rst_err
rst_csn_next(struct rst_wtxn *txn, int64_t now_s, uint32_t now_us,
             unsigned int sid, char buf[RST_CSN_MAX])
{
	struct csn csn, last = { 0 };
	enum rst_err err;

	if (!from_clock(now_s, now_us, sid, &csn))
		return RST_EINVALID;
	err = get_last(&txn->r, &last);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	if (err == RST_OK && !is_later(&csn, &last)) {
		csn = last;
		csn.sid = sid;
		csn.mod = 0;
		if (!advance(&csn))
			return RST_EFULL;
	}
	print(&csn, buf);
	return set_last(txn, buf);
}

enum rst_err
rst_csn_seen(struct rst_wtxn *txn, struct rst_view csn)
{
	char last[RST_CSN_MAX], text[RST_CSN_MAX];
	struct csn brought;
	enum rst_err err;

	if (!parse(csn, &brought) || brought.date > DATE_MAX)
		return RST_EINVALID;
	print(&brought, text);
	err = rst_csn_last(&txn->r, last);
	if (err == RST_OK && strcmp(text, last) > 0)
		err = set_last(txn, text);
	return err;
}
