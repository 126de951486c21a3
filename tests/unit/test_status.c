/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_status.c - rules/status.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules/status.h"

#define N 5 /* statuses */

/* Lawful moves, one row a status before: NONE PENDING ACTIVE SUSPENDED
 * DELETED after. */
static const bool lawful[N][N] = {
	{ true, true, true, true, false },  { false, true, true, false, false },
	{ false, false, true, true, true }, { false, false, true, true, true },
	{ false, false, true, true, true },
};

static void
only_lawful_moves_are_made(void **state)
{
	(void)state;
	for (int from = 0; from < N; from++)
		for (int to = 0; to < N; to++)
			if (rule_status_move((enum rule_status)from,
			                     (enum rule_status)to) !=
			    (lawful[from][to] ? RULE_OK : RULE_STATUS_MOVE))
				fail_msg("%d to %d", from, to);
}

static int
status_of(const char *word)
{
	static const char *const words[N] = { "none", "pending", "active",
		                              "suspended", "deleted" };

	for (int i = 0; i < N; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	fail_msg("%s is no status", word);
	return -1;
}

/* " *	pending -> active	approve" */
static bool
is_arrow(char *line, char **ret_from, char **ret_to)
{
	char *dash = strstr(line, " -> "), *end;

	if (strncmp(line, " *\t", 3) != 0 || dash == NULL)
		return false;
	*dash = '\0';
	*ret_from = line + 3;
	*ret_to = dash + 4;
	end = strchr(*ret_to, '\t');
	if (end == NULL)
		return false;
	*end = '\0';
	return true;
}

static void
the_header_draws_the_moves_that_are_made(void **state)
{
	char path[4096], line[256], *from, *to;
	const char *top = getenv("top_srcdir");
	bool drawn[N][N] = { { false } };
	FILE *header;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/rules/status.h",
	               top != NULL ? top : ".");
	header = fopen(path, "r");
	assert_non_null(header);
	while (fgets(line, sizeof(line), header) != NULL)
		if (is_arrow(line, &from, &to))
			drawn[status_of(from)][status_of(to)] = true;
	(void)fclose(header);
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			if (i != j && drawn[i][j] != lawful[i][j])
				fail_msg("%d to %d", i, j);
}

static void
dates_make_an_active_account_early_or_expired(void **state)
{
	static const struct {
		enum rule_status status;
		int64_t starts_s, expires_s;
		enum rule_state state;
	} rows[] = {
		/* at second 1000 */
		{ RULE_STATUS_ACTIVE, 0, RULE_NEVER, RULE_STATE_ACTIVE },
		{ RULE_STATUS_ACTIVE, 1000, RULE_NEVER, RULE_STATE_ACTIVE },
		{ RULE_STATUS_ACTIVE, 1001, RULE_NEVER, RULE_STATE_EARLY },
		{ RULE_STATUS_ACTIVE, 0, 1001, RULE_STATE_ACTIVE },
		{ RULE_STATUS_ACTIVE, 0, 1000, RULE_STATE_EXPIRED },
		{ RULE_STATUS_ACTIVE, 2000, 1000, RULE_STATE_EXPIRED },
		{ RULE_STATUS_SUSPENDED, 0, 1000, RULE_STATE_SUSPENDED },
		{ RULE_STATUS_PENDING, 0, 1000, RULE_STATE_PENDING },
		{ RULE_STATUS_DELETED, 0, RULE_NEVER, RULE_STATE_DELETED },
		{ RULE_STATUS_NONE, 0, RULE_NEVER, RULE_STATE_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rule_state(rows[i].status, rows[i].starts_s,
		               rows[i].expires_s, 1000) != rows[i].state)
			fail_msg("row %zu", i);
}

static void
only_the_active_sign_in(void **state)
{
	(void)state;
	for (int s = 0; s <= RULE_STATE_EXPIRED; s++)
		assert_int_equal(rule_state_may_sign_in((enum rule_state)s),
		                 s == RULE_STATE_ACTIVE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_lawful_moves_are_made),
		cmocka_unit_test(the_header_draws_the_moves_that_are_made),
		cmocka_unit_test(dates_make_an_active_account_early_or_expired),
		cmocka_unit_test(only_the_active_sign_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
