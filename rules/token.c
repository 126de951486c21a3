/* SPDX-License-Identifier: OLDAP-2.8 */
/* token.c - the form of API tokens, and what one may be used for */
#include "rules/token.h"

#include <arpa/inet.h>
#include <string.h>

#define HEAD      "rst_"
#define HEAD_LEN  (sizeof(HEAD) - 1)
#define SUM_AT    (HEAD_LEN + RULE_TOKEN_RANDOM)
#define SUM_CHARS 6 /* 62^6 is above 2^32 */

_Static_assert(RULE_TOKEN_TEXT == SUM_AT + SUM_CHARS + 1, "its parts");

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			     "abcdefghijklmnopqrstuvwxyz";

static uint32_t
crc32_of(const char *bytes, size_t len)
{
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		sum ^= (unsigned char)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? UINT32_C(0xedb88320) : 0);
	}
	return ~sum;
}

static void
print_sum(const char *text, char sum[SUM_CHARS])
{
	uint32_t number = crc32_of(text, SUM_AT);

	for (size_t i = SUM_CHARS; i-- > 0; number /= 62)
		sum[i] = digits[number % 62];
}

void
rule_token_make(const char *random, char text[RULE_TOKEN_TEXT])
{
	memcpy(text, HEAD, HEAD_LEN);
	memcpy(text + HEAD_LEN, random, RULE_TOKEN_RANDOM);
	print_sum(text, text + SUM_AT);
	text[RULE_TOKEN_TEXT - 1] = '\0';
}

bool
rule_token_form(const char *text, size_t len)
{
	char sum[SUM_CHARS];

	if (len != RULE_TOKEN_TEXT - 1 || memcmp(text, HEAD, HEAD_LEN) != 0)
		return false;
	for (size_t i = HEAD_LEN; i < len; i++)
		if (memchr(digits, text[i], sizeof(digits) - 1) == NULL)
			return false;
	print_sum(text, sum);
	return memcmp(text + SUM_AT, sum, SUM_CHARS) == 0;
}

bool
rule_scope_is(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(text, word, len) == 0;
}

/* The length of the method that text begins with, 0 for none. */
static size_t
method_of(const char *text, size_t len)
{
	static const char *const methods[] = { "*",   "GET",   "POST",
		                               "PUT", "PATCH", "DELETE" };

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t n = strlen(methods[i]);

		if (len > n && text[n] == ' ' &&
		    memcmp(text, methods[i], n) == 0)
			return n;
	}
	return 0;
}

/* "/users/alice": no empty segment, no dots, nothing to be decoded. */
static bool
is_path(const char *path, size_t len)
{
	if (len == 0 || path[0] != '/')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = path[i];

		if (c == '/' && i + 1 < len &&
		    (path[i + 1] == '/' || path[i + 1] == '.'))
			return false;
		if (memchr(digits, c, sizeof(digits) - 1) == NULL &&
		    memchr("/-._~", c, 5) == NULL)
			return false;
	}
	return len == 1 || path[len - 1] != '/';
}

enum rule_verdict
rule_scope(const char *text, size_t len)
{
	size_t n;

	if (rule_scope_is(text, len, "inherit") ||
	    rule_scope_is(text, len, "read") ||
	    rule_scope_is(text, len, "ldap"))
		return RULE_OK;
	if (len > RULE_SCOPE_MAX)
		return RULE_INVALID_SCOPE;
	n = method_of(text, len);
	return n > 0 && is_path(text + n + 1, len - n - 1) ? RULE_OK
	                                                   : RULE_INVALID_SCOPE;
}

/* path is top, or beneath it. */
static bool
is_beneath(const char *path, const char *top, size_t top_len)
{
	if (top_len == 1)
		return true;
	return strncmp(path, top, top_len) == 0 &&
	       (path[top_len] == '\0' || path[top_len] == '/');
}

bool
rule_scope_allows(const char *text, size_t len, const char *method,
                  const char *path)
{
	size_t n;

	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	if (rule_scope(text, len) != RULE_OK)
		return false;
	if (rule_scope_is(text, len, "inherit"))
		return true;
	if (rule_scope_is(text, len, "read"))
		return strcmp(method, "GET") == 0;
	n = method_of(text, len);
	if (n == 0)
		return false;
	return (text[0] == '*' ||
	        (strlen(method) == n && memcmp(text, method, n) == 0)) &&
	       is_beneath(path, text + n + 1, len - n - 1);
}

/* An address as 16 bytes, IPv4 as ::ffff:a.b.c.d; the bits that a network of
 * it has before its own. */
static bool
read_address(const char *text, size_t len, unsigned char bytes[16],
             unsigned int *ret_before)
{
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0,    0,
		                                  0, 0, 0, 0, 0xff, 0xff };
	char copy[INET6_ADDRSTRLEN];

	if (len == 0 || len >= sizeof(copy) || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	copy[strcspn(copy, "%")] = '\0'; /* a zone */
	if (inet_pton(AF_INET, copy, bytes + 12) == 1) {
		memcpy(bytes, mapped, sizeof(mapped));
		*ret_before = 96;
		return true;
	}
	*ret_before = 0;
	return inet_pton(AF_INET6, copy, bytes) == 1;
}

/* "192.0.2.0/24": the address, and how many of its 128 bits count. */
static bool
read_network(const char *text, size_t len, unsigned char bytes[16],
             unsigned int *ret_bits)
{
	const char *slash = memchr(text, '/', len);
	unsigned int bits = 0, before = 0;
	size_t n = slash != NULL ? (size_t)(slash - text) : len;

	if (!read_address(text, n, bytes, &before))
		return false;
	if (slash == NULL) {
		*ret_bits = 128;
		return true;
	}
	if (len - n < 2 || len - n > 4 || (slash[1] == '0' && len - n > 2))
		return false;
	for (size_t i = n + 1; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		bits = 10 * bits + (unsigned int)(text[i] - '0');
	}
	*ret_bits = before + bits;
	return *ret_bits <= 128;
}

enum rule_verdict
rule_address(const char *text, size_t len)
{
	unsigned char bytes[16];
	unsigned int bits;

	if (len == 0 || len > RULE_ADDRESS_MAX)
		return RULE_INVALID_ADDRESS;
	if (rule_scope_is(text, len, "local") ||
	    (memchr(text, '%', len) == NULL &&
	     read_network(text, len, bytes, &bits)))
		return RULE_OK;
	return RULE_INVALID_ADDRESS;
}

/* "192.0.2.7:4711", "[2001:db8::1]:4711" and both without a port. */
static bool
read_peer(const char *peer, size_t len, unsigned char bytes[16])
{
	const char *end;
	unsigned int before;

	if (len > 0 && peer[0] == '[') {
		end = memchr(peer, ']', len);
		return end != NULL &&
		       read_address(peer + 1, (size_t)(end - peer) - 1, bytes,
		                    &before);
	}
	end = memchr(peer, ':', len);
	if (end != NULL &&
	    memchr(end + 1, ':', len - (size_t)(end + 1 - peer)) == NULL)
		len = (size_t)(end - peer);
	return read_address(peer, len, bytes, &before);
}

bool
rule_address_has(const char *text, size_t len, const char *peer,
                 size_t peer_len)
{
	unsigned char net[16], from[16];
	unsigned int bits;

	if (peer_len == 0 || rule_address(text, len) != RULE_OK)
		return false;
	if (rule_scope_is(text, len, "local"))
		return rule_scope_is(peer, peer_len, "unix") ||
		       rule_scope_is(peer, peer_len, "ldapi");
	if (!read_network(text, len, net, &bits) ||
	    !read_peer(peer, peer_len, from))
		return false;
	for (unsigned int i = 0; i < bits; i++)
		if ((net[i / 8] ^ from[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}
