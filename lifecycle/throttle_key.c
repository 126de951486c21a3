/* SPDX-License-Identifier: OLDAP-2.8 */
/* throttle_key.c - whose failures they are
 *
 * Keys are keyed hashes: what was tried cannot be read out of the table, and
 * nobody outside can choose accounts that fall on one place.
 */
#include <arpa/inet.h>
#include <string.h>

#include "lifecycle/throttle_priv.h"
#include "rules/password.h"

uint64_t
throttle_hash(const struct throttle *throttle, enum throttle_kind kind,
              struct rst_view head, struct rst_view tail)
{
	unsigned char text[1 + 2 * sizeof(uint64_t) + RULE_PASSWORD_MAX];
	size_t len = 0;
	uint64_t result;

	_Static_assert(sizeof(result) == crypto_shorthash_BYTES, "one word");
	if (head.len > 2 * sizeof(uint64_t))
		head.len = 2 * sizeof(uint64_t);
	if (tail.len > RULE_PASSWORD_MAX)
		tail.len = RULE_PASSWORD_MAX;
	text[len++] = (unsigned char)kind;
	if (head.len > 0)
		memcpy(text + len, head.ptr, head.len);
	len += head.len;
	if (tail.len > 0)
		memcpy(text + len, tail.ptr, tail.len);
	len += tail.len;
	(void)crypto_shorthash((unsigned char *)&result, text, len,
	                       throttle->key);
	sodium_memzero(text, sizeof(text));
	return result != 0 ? result : 1;
}

static struct rst_view
bytes_of(const void *number, size_t len)
{
	return rst_view(number, len);
}

throttle_key
throttle_account(const struct throttle *throttle, uint64_t id,
                 struct rst_view name)
{
	if (id != 0)
		return throttle_hash(throttle, THROTTLE_ENTRY,
		                     bytes_of(&id, sizeof(id)),
		                     rst_view(NULL, 0));
	return throttle_hash(throttle, THROTTLE_NAME, rst_view(NULL, 0), name);
}

_Static_assert(THROTTLE_HOST_BYTES == INET6_ADDRSTRLEN, "the longest");

bool
throttle_host(struct rst_view address, char host[THROTTLE_HOST_BYTES])
{
	const char *end = NULL;

	if (address.len == 0)
		return false;
	if (address.ptr[0] == '[') {
		end = memchr(address.ptr, ']', address.len);
		if (end == NULL)
			return false;
		address = rst_view(address.ptr + 1,
		                   (size_t)(end - address.ptr) - 1);
	} else {
		end = memchr(address.ptr, ':', address.len);
		/* two colons: no port */
		if (end != NULL &&
		    memchr(end + 1, ':',
		           address.len - (size_t)(end + 1 - address.ptr)) ==
		            NULL)
			address.len = (size_t)(end - address.ptr);
	}
	return rst_view_copy(address, host, INET6_ADDRSTRLEN);
}

size_t
throttle_prefix(struct rst_view address, unsigned char prefix[8])
{
	static const unsigned char mapped[12] = { 0, 0, 0, 0, 0,    0,
		                                  0, 0, 0, 0, 0xff, 0xff };
	char host[INET6_ADDRSTRLEN], *zone;
	unsigned char six[16];

	if (!throttle_host(address, host))
		return 0;
	if (inet_pton(AF_INET, host, prefix) == 1)
		return 4;
	zone = strchr(host, '%');
	if (zone != NULL)
		*zone = '\0';
	if (inet_pton(AF_INET6, host, six) != 1)
		return 0;
	if (memcmp(six, mapped, sizeof(mapped)) == 0) {
		memcpy(prefix, six + sizeof(mapped), 4);
		return 4;
	}
	memcpy(prefix, six, 8);
	return 8;
}

throttle_key
throttle_source(const struct throttle *throttle, struct rst_view address)
{
	unsigned char prefix[8];
	size_t len = throttle_prefix(address, prefix);

	if (len == 0)
		return 0;
	return throttle_hash(throttle, THROTTLE_SOURCE, bytes_of(prefix, len),
	                     rst_view(NULL, 0));
}

throttle_key
throttle_pair(const struct throttle *throttle, throttle_key account,
              throttle_key source)
{
	const uint64_t both[2] = { account, source };

	return throttle_hash(throttle, THROTTLE_PAIR,
	                     bytes_of(both, sizeof(both)), rst_view(NULL, 0));
}

uint32_t
throttle_check(const struct throttle *throttle, throttle_key account,
               struct rst_view password)
{
	return (uint32_t)throttle_hash(throttle, THROTTLE_CHECK,
	                               bytes_of(&account, sizeof(account)),
	                               password);
}
