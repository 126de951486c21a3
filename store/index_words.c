/* SPDX-License-Identifier: OLDAP-2.8 */
/* index_words.c - which indexes there are
 *
 * Some are built in.  What is asked for beyond them is the setting "index",
 * words with blanks between:
 *
 *	eq:description		complete, it answers
 *	+sub:title		asked for, its rows are yet to be built
 *	*eq:employeeNumber	being built, up to entry "index-at" (meta)
 *	-ord:description	no longer wanted, its rows are being dropped
 *
 * While a word stands there, whatever its mark, every change of an entry
 * keeps the rows of that entry right.  So a build may stop between any two
 * entries and go on in another process, and an index may be wanted again
 * before its rows are gone.
 */
#include <stdlib.h>

#include "store/index_priv.h"
#include "store/record_priv.h"

#define SETTING "index"

#define EQ  (1 << RST_INDEX_EQUAL)
#define ORD (1 << RST_INDEX_ORDER)
#define SUB (1 << RST_INDEX_SUBSTRING)

static const unsigned char builtin[RST_A_BUILTIN_END] = {
	[RST_A_OBJECTCLASS] = EQ,        [RST_A_UID] = EQ | SUB,
	[RST_A_CN] = EQ | SUB,           [RST_A_MAIL] = EQ | SUB,
	[RST_A_UIDNUMBER] = EQ,          [RST_A_GIDNUMBER] = EQ,
	[RST_A_ENTRYUUID] = EQ,          [RST_A_SN] = EQ | SUB,
	[RST_A_GIVENNAME] = EQ | SUB,    [RST_A_DISPLAYNAME] = SUB,
	[RST_A_ROSTERSTATUS] = EQ,       [RST_A_ROSTERTOKENDIGEST] = EQ,
	[RST_A_ENTRYCSN] = ORD,          [RST_A_MODIFYTIMESTAMP] = ORD,
	[RST_A_ROSTEREXPIRES] = ORD,     [RST_A_ROSTERMANAGER] = EQ,
	[RST_A_ROSTERMEMBERUNTIL] = ORD, [RST_A_ROSTEROWNER] = EQ,
	[RST_A_ROSTERUSERNAME] = EQ,     [RST_A_PWDACCOUNTLOCKEDTIME] = ORD,
};

static const char *const kind_words[] = {
	[RST_INDEX_EQUAL] = "eq",
	[RST_INDEX_ORDER] = "ord",
	[RST_INDEX_SUBSTRING] = "sub",
};

static const char state_marks[] = {
	[RST_INDEX_COMPLETE] = 0,
	[RST_INDEX_QUEUED] = '+',
	[RST_INDEX_BUILDING] = '*',
	[RST_INDEX_DROPPING] = '-',
};

const char *
rst_index_kind_word(enum rst_index_kind kind)
{
	return kind_words[kind];
}

unsigned int
rst_index_builtin(uint16_t id)
{
	return id < RST_A_BUILTIN_END ? builtin[id] : 0;
}

enum rst_err
rst_index_words(const struct rst_rtxn *txn, struct rst_view *ret_words)
{
	enum rst_err err;

	*ret_words = rst_view("", 0);
	err = rst_setting_get(txn, SETTING, ret_words);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_index_state
take_mark(struct rst_view *word)
{
	for (int i = RST_INDEX_QUEUED; i <= RST_INDEX_DROPPING; i++) {
		if (word->len == 0 || word->ptr[0] != state_marks[i])
			continue;
		word->ptr++;
		word->len--;
		return (enum rst_index_state)i;
	}
	return RST_INDEX_COMPLETE;
}

static bool
take_kind(struct rst_view *word, enum rst_index_kind *ret_kind)
{
	for (int i = RST_INDEX_EQUAL; i <= RST_INDEX_SUBSTRING; i++) {
		struct rst_view prefix = rst_view_of(kind_words[i]);

		if (!rst_view_starts(*word, prefix) ||
		    word->len <= prefix.len + 1 || word->ptr[prefix.len] != ':')
			continue;
		word->ptr += prefix.len + 1;
		word->len -= prefix.len + 1;
		*ret_kind = (enum rst_index_kind)i;
		return true;
	}
	return false;
}

bool
rst_index_word_next(struct rst_view *rest, struct rst_index_word *ret_word)
{
	struct rst_view word;
	const char *blank;

	while (rest->len > 0) {
		blank = memchr(rest->ptr, ' ', rest->len);
		word = rst_view(rest->ptr, blank != NULL
		                                   ? (size_t)(blank - rest->ptr)
		                                   : rest->len);
		rest->ptr += word.len + (blank != NULL);
		rest->len -= word.len + (blank != NULL);
		ret_word->state = take_mark(&word);
		if (!take_kind(&word, &ret_word->kind))
			continue;
		ret_word->name = word;
		return true;
	}
	return false;
}

/* Append word to text, of which *len bytes are used. */
static bool
print_word(const struct rst_index_word *word, char *text, size_t *len)
{
	struct rst_view kind = rst_view_of(kind_words[word->kind]);
	char mark = state_marks[word->state];

	if (*len + kind.len + word->name.len + 3 > RST_INDEX_WORDS_MAX)
		return false;
	if (*len > 0)
		text[(*len)++] = ' ';
	if (mark != 0)
		text[(*len)++] = mark;
	memcpy(text + *len, kind.ptr, kind.len);
	*len += kind.len;
	text[(*len)++] = ':';
	memcpy(text + *len, word->name.ptr, word->name.len);
	*len += word->name.len;
	return true;
}

enum rst_err
rst_index_words_edit(struct rst_wtxn *txn, rst_index_word_edit *edit, void *arg,
                     const struct rst_index_word *append)
{
	char text[RST_INDEX_WORDS_MAX];
	struct rst_index_word word;
	struct rst_view rest;
	size_t len = 0;
	enum rst_err err;

	err = rst_index_words(&txn->r, &rest);
	if (err != RST_OK)
		return err;
	while (rst_index_word_next(&rest, &word))
		if (edit(arg, &word) && !print_word(&word, text, &len))
			return RST_EFULL;
	if (append != NULL && !print_word(append, text, &len))
		return RST_EFULL;
	return rst_setting_put(txn, SETTING, rst_view(text, len));
}

enum rst_err
rst_index_word_find(const struct rst_rtxn *txn, uint16_t id,
                    enum rst_index_kind kind, struct rst_index_word *ret_word)
{
	struct rst_index_word word;
	struct rst_view rest;
	enum rst_match match;
	const char *name = "";
	enum rst_err err;

	err = rst_index_words(txn, &rest);
	if (err == RST_OK && rest.len > 0)
		err = rst_attr_name(txn, id, &name, &match);
	if (err != RST_OK)
		return err;
	while (rst_index_word_next(&rest, &word)) {
		if (word.kind != kind ||
		    !rst_view_equal_nocase(word.name, rst_view_of(name)))
			continue;
		*ret_word = word;
		return RST_OK;
	}
	return RST_ENOTFOUND;
}

bool
rst_index_exists(const struct rst_rtxn *txn, uint16_t id,
                 enum rst_index_kind kind)
{
	struct rst_index_word word;

	if (rst_index_builtin(id) & (1U << kind))
		return true;
	return rst_index_word_find(txn, id, kind, &word) == RST_OK &&
	       word.state == RST_INDEX_COMPLETE;
}

bool
rst_index_asked(const struct rst_rtxn *txn, uint16_t id,
                enum rst_index_kind kind)
{
	struct rst_index_word word;

	if (rst_index_builtin(id) & (1U << kind))
		return true;
	return rst_index_word_find(txn, id, kind, &word) == RST_OK &&
	       word.state != RST_INDEX_DROPPING;
}

enum rst_err
rst_index_row_may_lack(const struct rst_rtxn *txn, struct rst_view key,
                       bool *ret_may)
{
	struct rst_index_word word;
	uint16_t id;
	enum rst_err err;

	*ret_may = false;
	if (key.len < RST_INDEX_HEAD)
		return RST_OK;
	id = rst_get_be16(key.ptr);
	if (key.ptr[2] < RST_INDEX_EQUAL || key.ptr[2] > RST_INDEX_SUBSTRING ||
	    id == RST_A_NONE)
		return RST_OK;
	if (rst_index_builtin(id) & (1U << key.ptr[2]))
		return RST_OK;
	err = rst_index_word_find(txn, id, (enum rst_index_kind)key.ptr[2],
	                          &word);
	*ret_may = err == RST_OK && word.state != RST_INDEX_COMPLETE;
	return err == RST_ENOTFOUND ? RST_OK : err;
}
