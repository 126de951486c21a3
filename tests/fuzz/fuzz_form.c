/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_form.c - the body of a browser's form */
#include "httpd/input.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	cJSON *form = form_parse(rst_view(data, size), &why);
	int n = 0;

	if (form == NULL) {
		FUZZ_MUST(why != NULL);
		return 0;
	}
	for (const cJSON *field = form->child; field != NULL;
	     field = field->next, n++) {
		FUZZ_MUST(json_is_text(rst_view_of(field->string)));
		FUZZ_MUST(cJSON_IsString(field) || cJSON_IsArray(field));
	}
	FUZZ_MUST(n <= FORM_FIELDS_MAX);
	cJSON_Delete(form);
	return 0;
}
