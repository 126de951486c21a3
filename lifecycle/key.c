/* SPDX-License-Identifier: OLDAP-2.8 */
/* key.c - fingerprints of SSH keys, and until when a key admits its person */
#include "lifecycle/key.h"

#include <sodium.h>

#include "lifecycle/moment.h"
#include "store/ident.h"

#define PREFIX     RST_VIEW("SHA256:")
#define BASE64_LEN 43 /* of 32 bytes, without padding */

bool
lifecycle_key_fingerprint(struct rst_view key,
                          char buf[LIFECYCLE_FINGERPRINT_BYTES])
{
	unsigned char digest[RST_SSH_DIGEST];

	if (rst_ssh_digest(key, digest) != RST_OK)
		return false;
	memcpy(buf, PREFIX.ptr, PREFIX.len);
	sodium_bin2base64(buf + PREFIX.len,
	                  LIFECYCLE_FINGERPRINT_BYTES - PREFIX.len, digest,
	                  sizeof(digest),
	                  sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	return true;
}

static bool
is_fingerprint(struct rst_view text)
{
	unsigned char digest[RST_SSH_DIGEST];
	size_t len;

	return text.len == PREFIX.len + BASE64_LEN &&
	       rst_view_starts(text, PREFIX) &&
	       sodium_base642bin(digest, sizeof(digest), text.ptr + PREFIX.len,
	                         BASE64_LEN, NULL, &len, NULL,
	                         sodium_base64_VARIANT_ORIGINAL_NO_PADDING) ==
	               0 &&
	       len == sizeof(digest);
}

bool
lifecycle_key_line(struct rst_view line, int64_t *ret_until_s,
                   struct rst_view *ret_fingerprint)
{
	const char *blank =
		line.len > 0 ? memchr(line.ptr, ' ', line.len) : NULL;
	struct rst_view fingerprint;
	int64_t until_s;

	if (blank == NULL)
		return false;
	fingerprint =
		rst_view(blank + 1, line.len - (size_t)(blank + 1 - line.ptr));
	if (!is_fingerprint(fingerprint) ||
	    !lifecycle_time_parse(
		    rst_view(line.ptr, (size_t)(blank - line.ptr)), &until_s))
		return false;
	*ret_until_s = until_s;
	*ret_fingerprint = fingerprint;
	return true;
}

int64_t
lifecycle_key_until(const struct rst_record *record, struct rst_view key)
{
	char own[LIFECYCLE_FINGERPRINT_BYTES];
	struct rst_view line, fingerprint;
	struct rst_attr lines;
	int64_t until_s;

	if (!rst_record_attr(record, RST_A_ROSTERKEYUNTIL, &lines) ||
	    !lifecycle_key_fingerprint(key, own))
		return INT64_MAX;
	while (rst_attr_next(&lines, &line))
		if (lifecycle_key_line(line, &until_s, &fingerprint) &&
		    rst_view_equal(fingerprint, rst_view_of(own)))
			return until_s;
	return INT64_MAX;
}
