/* SPDX-License-Identifier: OLDAP-2.8 */
/* throttle_report.c - attempts that wait to be journaled
 *
 *	key	wrong, by LDAP, account 42 from 192.0.2.1
 *	count	17	since 12:01:07
 *
 *	key	sign-in, by LDAP, account 43 from 192.0.2.2
 *	count	0	since 12:01:07, told 12:01:10
 *
 * Whoever finds its key adds one; whoever finds it due takes the count, which
 * only one can.  A failure then frees its place; a success keeps it for a
 * while, quietly, unless somebody else needs it.
 */
#include <string.h>

#include "lifecycle/throttle_priv.h"

#define PROBES 16

static void
put_address(struct throttle_row_report *row, struct rst_view address)
{
	uint64_t words[THROTTLE_ADDRESS_WORDS] = { 0 };

	if (address.len >= sizeof(words))
		address.len = sizeof(words) - 1;
	if (address.len > 0)
		memcpy(words, address.ptr, address.len);
	for (size_t i = 0; i < THROTTLE_ADDRESS_WORDS; i++)
		atomic_store(&row->address[i], words[i]);
}

static void
get_address(const struct throttle_row_report *row,
            char address[THROTTLE_ADDRESS_BYTES])
{
	uint64_t words[THROTTLE_ADDRESS_WORDS];

	for (size_t i = 0; i < THROTTLE_ADDRESS_WORDS; i++)
		words[i] = atomic_load(&row->address[i]);
	memcpy(address, words, THROTTLE_ADDRESS_BYTES);
	address[THROTTLE_ADDRESS_BYTES - 1] = '\0';
}

/* The address without its port, which every attempt has another of. */
static struct rst_view
without_port(struct rst_view address, char text[THROTTLE_ADDRESS_BYTES])
{
	char host[THROTTLE_HOST_BYTES];

	if (!throttle_host(address, host))
		return address;
	(void)rst_view_copy(rst_view_of(host), text, THROTTLE_ADDRESS_BYTES);
	return rst_view_of(text);
}

/* Where the rows for its kind of event begin, and how many there are. */
static struct throttle_row_report *
region(const struct throttle *throttle, enum throttle_event event,
       uint64_t *ret_n)
{
	bool failure = throttle_is_failure(event);

	*ret_n = failure ? THROTTLE_FAILURES : THROTTLE_SUCCESSES;
	return throttle->table->reports + (failure ? 0 : THROTTLE_FAILURES);
}

static uint64_t
key_of(const struct throttle *throttle, const struct throttle_report *report,
       struct rst_view address)
{
	const uint64_t head[2] = { report->id, (uint64_t)report->event << 8 |
		                                       report->door };

	return throttle_hash(throttle, THROTTLE_REPORT,
	                     rst_view((const char *)head, sizeof(head)),
	                     address);
}

/* Of a success that was told of, and that nobody repeated since. */
static bool
is_quiet(const struct throttle_row_report *row)
{
	return atomic_load(&row->told_s) != 0 && atomic_load(&row->count) == 0;
}

/* The row is ours since just now. */
static void
fill(struct throttle_row_report *row, const struct throttle_report *report,
     struct rst_view address, uint32_t now_s)
{
	atomic_store(&row->told_s, 0);
	atomic_store(&row->id, report->id);
	atomic_store(&row->what, (uint32_t)report->event << 8 | report->door);
	put_address(row, address);
	atomic_fetch_add(&row->count, report->count);
	atomic_store(&row->first_s, now_s);
}

/* One that is there, or free, or (quiet) may be taken over. */
static bool
add_to(const struct throttle *throttle, const struct throttle_report *report,
       struct rst_view address, uint32_t now_s, bool quiet)
{
	uint64_t key = key_of(throttle, report, address), was, n;
	struct throttle_row_report *rows = region(throttle, report->event, &n);

	for (uint64_t i = 0; i < PROBES; i++) {
		struct throttle_row_report *row = &rows[(key + i) % n];

		was = 0;
		if (quiet && is_quiet(row))
			was = atomic_load(&row->key);
		if (atomic_compare_exchange_strong(&row->key, &was, key)) {
			fill(row, report, address, now_s);
			return true;
		}
		if (was == key) {
			atomic_fetch_add(&row->count, report->count);
			return true;
		}
	}
	return false;
}

void
throttle_report_add(struct throttle *throttle,
                    const struct throttle_report *report, uint32_t now_s)
{
	struct rst_view address = rst_view_of(report->address);
	char text[THROTTLE_ADDRESS_BYTES];

	address = without_port(address, text);
	if (!add_to(throttle, report, address, now_s, false) &&
	    !add_to(throttle, report, address, now_s, true))
		atomic_fetch_add(
			&throttle->table
				 ->omitted[!throttle_is_failure(report->event)],
			report->count);
}

uint64_t
throttle_report_waiting(const struct throttle *throttle)
{
	const struct throttle_row_report *rows = throttle->table->reports;
	uint64_t waiting = atomic_load(&throttle->table->omitted[0]);

	for (size_t i = 0; i < THROTTLE_FAILURES; i++)
		waiting += atomic_load(&rows[i].count);
	return waiting;
}

void
throttle_report_omit(struct throttle *throttle,
                     const struct throttle_omitted *omitted)
{
	atomic_fetch_add(&throttle->table->omitted[0], omitted->failures);
	atomic_fetch_add(&throttle->table->omitted[1], omitted->successes);
}

/* The clock may have been set back. */
static bool
is_past(uint32_t since_s, uint32_t now_s, uint32_t span_s)
{
	return since_s > now_s || now_s - since_s >= span_s;
}

/* A report whose maker died in between ages from now on. */
static bool
is_due(struct throttle_row_report *row, uint32_t now_s, bool all)
{
	uint32_t first_s = atomic_load(&row->first_s), none = 0;
	uint32_t told_s = atomic_load(&row->told_s);
	bool failure = throttle_is_failure(
		(enum throttle_event)(atomic_load(&row->what) >> 8));

	if (atomic_load(&row->key) == 0)
		return false;
	if (first_s == 0) {
		(void)atomic_compare_exchange_strong(&row->first_s, &none,
		                                     now_s);
		return false;
	}
	if (failure)
		return all || is_past(first_s, now_s, THROTTLE_REPORT_S);
	return told_s == 0 || is_past(told_s, now_s, THROTTLE_QUIET_S) ||
	       (all && atomic_load(&row->count) > 0);
}

/* Take what row tells of; false when that is nothing. */
static bool
take(struct throttle_row_report *row, uint32_t now_s,
     struct throttle_report *report)
{
	uint32_t what = atomic_load(&row->what);

	report->event = (enum throttle_event)(what >> 8);
	report->door = what & 0xff;
	report->id = atomic_load(&row->id);
	get_address(row, report->address);
	report->count = atomic_exchange(&row->count, 0);
	if (throttle_is_failure(report->event) ? report->count > 0
	                                       : report->count == 0) {
		/* a failure that is told of; a success long since */
		atomic_store(&row->first_s, 0);
		atomic_store(&row->key, 0);
	} else {
		atomic_store(&row->told_s, now_s);
	}
	return report->count > 0; /* or the other process was faster */
}

size_t
throttle_report_take(struct throttle *throttle, uint32_t now_s, bool all,
                     struct throttle_report ret_reports[THROTTLE_REPORTS],
                     struct throttle_omitted *ret_omitted)
{
	struct throttle_table *table = throttle->table;
	size_t n = 0;

	for (size_t i = 0; i < THROTTLE_REPORTS; i++)
		if (is_due(&table->reports[i], now_s, all))
			n += take(&table->reports[i], now_s, &ret_reports[n]);
	ret_omitted->failures = atomic_exchange(&table->omitted[0], 0);
	ret_omitted->successes = atomic_exchange(&table->omitted[1], 0);
	return n;
}
