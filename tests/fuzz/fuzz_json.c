/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_json.c - a body that says it is JSON */
#include "httpd/json.h"
#include "tests/fuzz/fuzz.h"

static void
look(const cJSON *item)
{
	uint64_t number;

	if (cJSON_IsString(item))
		FUZZ_MUST(json_is_text(rst_view_of(item->valuestring)));
	if (cJSON_IsNumber(item) && json_number(item, UINT32_MAX, &number))
		FUZZ_MUST(number <= UINT32_MAX);
	for (const cJSON *child = item->child; child != NULL;
	     child = child->next) {
		if (cJSON_IsObject(item))
			FUZZ_MUST(json_get(item, child->string) == child);
		look(child);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	cJSON *tree = json_parse(rst_view(data, size), &why);
	char *again;

	if (tree == NULL) {
		FUZZ_MUST(why != NULL);
		return 0;
	}
	look(tree);
	again = cJSON_PrintUnformatted(tree);
	FUZZ_MUST(again != NULL);
	cJSON_free(again);
	json_wipe(tree);
	return 0;
}
