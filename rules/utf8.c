/* SPDX-License-Identifier: OLDAP-2.8 */
/* utf8.c - walking UTF-8 strictly
 *
 *	0xxxxxxx				U+0000 to U+007F
 *	110xxxxx 10xxxxxx			U+0080 to U+07FF
 *	1110xxxx 10xxxxxx 10xxxxxx		U+0800 to U+FFFF
 *	11110xxx 10xxxxxx 10xxxxxx 10xxxxxx	U+10000 to U+10FFFF
 */
#include "rules/utf8.h"

/* The smallest character that needs n+1 bytes. */
static const uint32_t smallest[4] = { 0, 0x80, 0x800, 0x10000 };

/* Bytes that follow lead, or -1 when nothing starts with it. */
static int
following(unsigned char lead)
{
	if (lead < 0x80)
		return 0;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 1;
	if (lead >= 0xe0 && lead <= 0xef)
		return 2;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 3;
	return -1;
}

bool
rule_utf8_next(const char **text, size_t *len, uint32_t *ret_char)
{
	const unsigned char *at = (const unsigned char *)*text;
	int n = following(at[0]);
	uint32_t c;

	if (n < 0 || (size_t)n >= *len)
		return false;
	c = n == 0 ? at[0] : at[0] & (0x3fu >> n);
	for (int i = 1; i <= n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return false;
		c = c << 6 | (at[i] & 0x3f);
	}
	if (c < smallest[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return false;
	*text += n + 1;
	*len -= (size_t)n + 1;
	*ret_char = c;
	return true;
}

void
rule_utf8_visible(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at != '\0'; at++)
		if (*at < 0x20 || *at == 0x7f)
			*at = '?';
		else if (at[0] == 0xc2 && (at[1] & 0xe0) == 0x80)
			at[0] = at[1] = '?';
}
