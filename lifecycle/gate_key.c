/* SPDX-License-Identifier: OLDAP-2.8 */
/* gate_key.c - the SSH keys of a person
 *
 * What was there before is not asked again, so that an account that came with
 * a key which new ones may not be like can still be edited.
 */
#include "lifecycle/gate_priv.h"
#include "lifecycle/key.h"
#include "rules/ssh_key.h"
#include "store/ident.h"

static bool
had(const struct rst_record *before, uint16_t attr, struct rst_view value)
{
	struct rst_attr values;
	struct rst_view old;

	if (before == NULL || !rst_record_attr(before, attr, &values))
		return false;
	while (rst_attr_next(&values, &old))
		if (rst_view_equal(old, value))
			return true;
	return false;
}

/* How often the key is among keys, whatever its comments. */
static size_t
count_key(struct rst_attr keys, struct rst_view key)
{
	unsigned char one[RST_SSH_DIGEST], other[RST_SSH_DIGEST];
	struct rst_view value;
	size_t n = 0;

	if (rst_ssh_digest(key, one) != RST_OK)
		return 0;
	while (rst_attr_next(&keys, &value))
		if (rst_ssh_digest(value, other) == RST_OK &&
		    memcmp(one, other, sizeof(one)) == 0)
			n++;
	return n;
}

static enum rst_err
check_key(struct gate *g, const struct gate_sides *sides, struct rst_attr keys,
          struct rst_view key)
{
	struct rst_ident_owner owner;
	const char *why = NULL;
	enum rst_err err;

	if (rule_ssh_key(key.ptr, key.len, &why) != RULE_OK)
		return gate_refuse(g, RULE_INVALID_KEY, "sshPublicKey", "%s",
		                   why);
	if (count_key(keys, key) > 1)
		return gate_refuse(g, RULE_KEY_TAKEN, "sshPublicKey",
		                   "the same key twice");
	err = rst_ident_owner(&g->txn->r, RST_IDENT_SSHKEY, key, sides->id,
	                      &owner);
	if (err == RST_OK)
		return gate_refuse(g, RULE_KEY_TAKEN, "sshPublicKey", NULL);
	return err == RST_ENOTFOUND ? RST_OK : err;
}

static enum rst_err
check_ends(struct gate *g, const struct gate_sides *sides)
{
	struct rst_view line, fingerprint, first, other;
	struct rst_attr lines, again;
	int64_t until_s;
	size_t n;

	if (!rst_record_attr(sides->after, RST_A_ROSTERKEYUNTIL, &lines))
		return RST_OK;
	if (lines.count > RULE_SSH_KEYS_MAX)
		return gate_refuse(g, RULE_INVALID_KEY, "rosterKeyUntil",
		                   "at most %d ends of keys",
		                   RULE_SSH_KEYS_MAX);
	again = lines;
	while (rst_attr_next(&lines, &line)) {
		if (!lifecycle_key_line(line, &until_s, &fingerprint))
			return gate_refuse(g, RULE_INVALID_EXPIRY,
			                   "rosterKeyUntil",
			                   "a time in UTC and a fingerprint, "
			                   "20261231000000Z SHA256:...");
		n = 0;
		for (struct rst_attr all = again; rst_attr_next(&all, &other);)
			if (lifecycle_key_line(other, &until_s, &first) &&
			    rst_view_equal(first, fingerprint))
				n++;
		if (n > 1)
			return gate_refuse(g, RULE_INVALID_EXPIRY,
			                   "rosterKeyUntil",
			                   "two ends of one key");
	}
	return RST_OK;
}

enum rst_err
gate_keys(struct gate *g, const struct gate_sides *sides)
{
	struct rst_attr keys, all;
	struct rst_view key;
	enum rst_err err = RST_OK;

	if (sides->before == NULL ||
	    !gate_same_values(sides->before, sides->after,
	                      RST_A_ROSTERKEYUNTIL))
		err = check_ends(g, sides);
	if (err != RST_OK ||
	    !rst_record_attr(sides->after, RST_A_SSHPUBLICKEY, &keys) ||
	    (sides->before != NULL &&
	     gate_same_values(sides->before, sides->after, RST_A_SSHPUBLICKEY)))
		return err;
	if (keys.count > RULE_SSH_KEYS_MAX)
		return gate_refuse(g, RULE_INVALID_KEY, "sshPublicKey",
		                   "at most %d keys", RULE_SSH_KEYS_MAX);
	all = keys;
	while (err == RST_OK && rst_attr_next(&keys, &key))
		if (!had(sides->before, RST_A_SSHPUBLICKEY, key))
			err = check_key(g, sides, all, key);
	return err;
}
