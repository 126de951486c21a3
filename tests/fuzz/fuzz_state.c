/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_state.c - what rosterctl import reads: LDIF, passwd, shadow, group
 *
 * Files that are parted by a line of a form feed, as though they had been named
 * one after the other.  Whatever they are, people and groups are lists of
 * objects that have a name.
 */
#include "tests/fuzz/fuzz.h"
#include "tools/state.h"

#define PARTED "\n\f\n"

static void
check_named(const cJSON *list, const char *key)
{
	const cJSON *item;

	FUZZ_MUST(list == NULL || cJSON_IsArray(list));
	cJSON_ArrayForEach(item, list)
	{
		const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, key);

		FUZZ_MUST(cJSON_IsString(name));
		for (const cJSON *one = item->child; one != NULL;
		     one = one->next)
			FUZZ_MUST(one == name || cJSON_IsArray(one));
	}
}

static void
take(char *text, struct state_files *files)
{
	const enum state_form form = state_form_of(text);

	if (form == STATE_JSON)
		return; /* which cJSON reads: fuzz_json.c */
	if (form == STATE_LDIF)
		FUZZ_MUST(state_read_ldif(text, files));
	else
		FUZZ_MUST(state_read_unix(text, form, files));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(rst_view(data, size)), *file, *next;
	struct state_files files;
	const cJSON *state;

	FUZZ_MUST(state_files_begin(&files));
	for (file = text; file != NULL; file = next) {
		next = strstr(file, PARTED);
		if (next != NULL) {
			*next = '\0';
			next += strlen(PARTED);
		}
		take(file, &files);
	}
	state = files.state;
	check_named(cJSON_GetObjectItemCaseSensitive(state, "users"), "uid");
	check_named(cJSON_GetObjectItemCaseSensitive(state, "groups"), "cn");
	state_files_end(&files);
	free(text);
	return 0;
}
