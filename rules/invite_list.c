/* SPDX-License-Identifier: OLDAP-2.8 */
/* invite_list.c - who is to be invited, a line each */
#include "rules/invite_list.h"

#include <stdio.h>
#include <string.h>

static const char mark[] = "\xef\xbb\xbf";

static bool
is_between(char c)
{
	return c == ',' || c == ';' || c == ' ' || c == '\t' || c == '"';
}

/* The words of one line. */
static enum rule_invite_line
cut(const char *line, size_t len, struct rule_invitee *ret)
{
	size_t at = 0, end;

	ret->mail = (struct rule_word){ NULL, 0 };
	ret->n_groups = 0;
	while (at < len) {
		if (is_between(line[at])) {
			at++;
			continue;
		}
		for (end = at; end < len && !is_between(line[end]); end++)
			;
		if (ret->mail.ptr == NULL)
			ret->mail = (struct rule_word){ line + at, end - at };
		else if (ret->n_groups == RULE_INVITEE_GROUPS)
			return RULE_INVITE_GROUPS;
		else
			ret->groups[ret->n_groups++] =
				(struct rule_word){ line + at, end - at };
		at = end;
	}
	return RULE_INVITE_LINE;
}

/* The line at the cursor, which goes on to the next. */
static size_t
take_line(const char *list, size_t len, struct rule_invite_cursor *cursor)
{
	size_t end = cursor->at, n;

	while (end < len && list[end] != '\r' && list[end] != '\n')
		end++;
	n = end - cursor->at;
	if (end + 1 < len && list[end] == '\r' && list[end + 1] == '\n')
		end++;
	cursor->at = end < len ? end + 1 : len;
	cursor->line++;
	return n;
}

enum rule_invite_line
rule_invite_next(const char *list, size_t len,
                 struct rule_invite_cursor *cursor, struct rule_invitee *ret)
{
	enum rule_invite_line said;

	if (cursor->at == 0 && len >= 3 && memcmp(list, mark, 3) == 0)
		cursor->at = 3;
	while (cursor->at < len) {
		const char *line = list + cursor->at;
		size_t n = take_line(list, len, cursor);

		if (n > RULE_INVITEE_BYTES)
			return RULE_INVITE_LONG;
		said = cut(line, n, ret);
		if (said != RULE_INVITE_LINE)
			return said;
		ret->line = cursor->line;
		/* an empty one, or what names the columns */
		if (ret->mail.ptr == NULL ||
		    (ret->line == 1 &&
		     memchr(ret->mail.ptr, '@', ret->mail.len) == NULL))
			continue;
		return RULE_INVITE_LINE;
	}
	return RULE_INVITE_END;
}

bool
rule_invite_count(const char *list, size_t len, size_t *ret_n,
                  char say[RULE_INVITEE_SAY_BYTES])
{
	struct rule_invite_cursor cursor = { 0 };
	struct rule_invitee one;
	size_t n = 0;

	if (len > RULE_INVITEES_BYTES) {
		(void)snprintf(say, RULE_INVITEE_SAY_BYTES,
		               "a list has at most %d bytes",
		               RULE_INVITEES_BYTES);
		return false;
	}
	for (;;) {
		switch (rule_invite_next(list, len, &cursor, &one)) {
		case RULE_INVITE_END:
			*ret_n = n;
			return true;
		case RULE_INVITE_LONG:
			(void)snprintf(say, RULE_INVITEE_SAY_BYTES,
			               "line %u has more than %d bytes",
			               cursor.line, RULE_INVITEE_BYTES);
			return false;
		case RULE_INVITE_GROUPS:
			(void)snprintf(say, RULE_INVITEE_SAY_BYTES,
			               "line %u names more than %d groups",
			               cursor.line, RULE_INVITEE_GROUPS);
			return false;
		case RULE_INVITE_LINE:
			if (++n <= RULE_INVITEES_MAX)
				continue;
			(void)snprintf(say, RULE_INVITEE_SAY_BYTES,
			               "a list names at most %d people",
			               RULE_INVITEES_MAX);
			return false;
		}
	}
}
