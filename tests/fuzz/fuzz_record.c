/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_record.c - the bytes of an entry, as they might stand on a disk */
#include "store/record_priv.h"
#include "tests/fuzz/fuzz.h"

static void
look(const struct rst_record *record)
{
	struct rst_attr attr;
	struct rst_view value;
	struct rst_entry *entry = NULL;
	unsigned long sum = 0;

	for (unsigned int n = 0; n < record->n_attrs; n++) {
		rst_record_nth(record, n, &attr);
		while (rst_attr_next(&attr, &value))
			for (size_t i = 0; i < value.len; i++)
				sum += (unsigned char)value.ptr[i];
	}
	FUZZ_MUST(sum < (unsigned long)-1);
	if (rst_entry_from_record(record, &entry) == RST_OK)
		FUZZ_MUST(rst_view_equal(rst_entry_rdn(entry), record->rdn));
	rst_entry_free(entry);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rst_record record;

	if (rst_record_decode(rst_view(data, size), false, &record) == RST_OK)
		look(&record);
	(void)!rst_record_decode(rst_view(data, size), true, &record);
	return 0;
}
