/* SPDX-License-Identifier: OLDAP-2.8 */
/* throttle_report.c - failures that wait to be journaled
 *
 *	key	account 42 from 192.0.2.1, 17 times since 12:01:07
 *
 * Whoever finds its key adds one; whoever finds it old takes the count, which
 * only one can, and frees the place.
 */
#include <string.h>

#include "lifecycle/throttle_priv.h"

#define PROBES 8

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

void
throttle_report_add(struct throttle *throttle, uint64_t id,
                    struct rst_view address, uint32_t now_s)
{
	char text[THROTTLE_ADDRESS_BYTES];
	struct throttle_row_report *row;
	uint64_t key, was;

	address = without_port(address, text);
	key = throttle_hash(throttle, THROTTLE_REPORT,
	                    rst_view((char *)&id, sizeof(id)), address);
	for (uint64_t i = 0; i < PROBES; i++) {
		row = &throttle->table->reports[(key + i) % THROTTLE_REPORTS];
		was = 0;
		if (atomic_compare_exchange_strong(&row->key, &was, key)) {
			atomic_store(&row->id, id);
			put_address(row, address);
			atomic_fetch_add(&row->count, 1);
			atomic_store(&row->first_s, now_s);
			return;
		}
		if (was == key) {
			atomic_fetch_add(&row->count, 1);
			return;
		}
	}
	atomic_fetch_add(&throttle->table->omitted, 1);
}

void
throttle_report_omit(struct throttle *throttle, uint64_t count)
{
	atomic_fetch_add(&throttle->table->omitted, count);
}

/* A report whose maker died in between ages from now on. */
static bool
is_due(struct throttle_row_report *row, uint32_t now_s, bool all)
{
	uint32_t first_s = atomic_load(&row->first_s), none = 0;

	if (atomic_load(&row->key) == 0)
		return false;
	if (first_s == 0)
		(void)atomic_compare_exchange_strong(&row->first_s, &none,
		                                     now_s);
	return first_s != 0 &&
	       (all || first_s > now_s || now_s - first_s >= THROTTLE_REPORT_S);
}

size_t
throttle_report_take(struct throttle *throttle, uint32_t now_s, bool all,
                     struct throttle_report ret_reports[THROTTLE_REPORTS],
                     uint64_t *ret_omitted)
{
	struct throttle_row_report *row;
	struct throttle_report report;
	size_t n = 0;

	for (size_t i = 0; i < THROTTLE_REPORTS; i++) {
		row = &throttle->table->reports[i];
		if (!is_due(row, now_s, all))
			continue;
		report.id = atomic_load(&row->id);
		report.first_s = atomic_load(&row->first_s);
		get_address(row, report.address);
		report.count = atomic_exchange(&row->count, 0);
		if (report.count == 0)
			continue; /* the other process was faster */
		atomic_store(&row->first_s, 0);
		atomic_store(&row->key, 0);
		ret_reports[n++] = report;
	}
	*ret_omitted = atomic_exchange(&throttle->table->omitted, 0);
	return n;
}
