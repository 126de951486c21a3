/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_init.c - the skeleton of a new directory, and its first administrator
 *
 * The bootstrap token is a setting of the environment, not an entry: it is for
 * this machine and this hour, and must not be replicated or in a slapcat.
 *
 *	bootstrap-token	= <BLAKE2b-256 of the token, hex> <expiry, seconds>
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/gate_priv.h"
#include "lifecycle/place.h"
#include "rules/clock.h"
#include "rules/numbers.h"

#define BOOTSTRAP_SETTING    "bootstrap-token"
#define BOOTSTRAP_LIFETIME_S 3600
#define SUFFIX_MAX           200 /* bytes; above, its normal form is a digest */

/* What the first RDN of a suffix may be made of. */
static const struct suffix_type {
	struct rst_view type;
	uint16_t attr;
	struct rst_view classes[3];
} suffix_types[] = {
	{ { "dc=", 3 },
	  RST_A_DC,
	  { { "top", 3 }, { "dcObject", 8 }, { "organization", 12 } } },
	{ { "o=", 2 }, RST_A_O, { { "top", 3 }, { "organization", 12 } } },
	{ { "ou=", 3 },
	  RST_A_OU,
	  { { "top", 3 }, { "organizationalUnit", 18 } } },
};

/* The value of the suffix's first RDN, when we can make such an entry. */
static const struct suffix_type *
read_suffix(struct rst_view suffix, struct rst_view *ret_value)
{
	struct rst_view rdn = suffix;
	const char *comma =
		suffix.len > 0 ? memchr(suffix.ptr, ',', suffix.len) : NULL;

	if (suffix.len > SUFFIX_MAX)
		return NULL;
	if (comma != NULL)
		rdn.len = (size_t)(comma - suffix.ptr);
	for (size_t i = 0; i < rdn.len; i++)
		if (rdn.ptr[i] < ' ' || strchr("+\"\\<>;#", rdn.ptr[i]) != NULL)
			return NULL;
	for (size_t i = 0; i < sizeof(suffix_types) / sizeof(suffix_types[0]);
	     i++) {
		struct rst_view type = suffix_types[i].type;

		if (rdn.len > type.len &&
		    rst_view_equal_nocase(rst_view(rdn.ptr, type.len), type)) {
			*ret_value = rst_view(rdn.ptr + type.len,
			                      rdn.len - type.len);
			return &suffix_types[i];
		}
	}
	return NULL;
}

static enum rst_err
add_suffix(struct rst_wtxn *txn, const struct act_ctx *ctx,
           struct rst_view suffix, struct rst_view nsuffix,
           struct rst_view organisation, struct act_refusal *refusal)
{
	struct rst_view value = { 0 };
	const struct suffix_type *type = read_suffix(suffix, &value);
	bool is_dc = type->attr == RST_A_DC;
	const struct act_value values[] = {
		{ RST_A_OBJECTCLASS, type->classes[0] },
		{ RST_A_OBJECTCLASS, type->classes[1] },
		{ RST_A_OBJECTCLASS, type->classes[2] },
		{ type->attr, value },
		{ RST_A_O, !is_dc                 ? rst_view(NULL, 0)
		           : organisation.len > 0 ? organisation
		                                  : value },
		{ RST_A_DESCRIPTION, !is_dc && organisation.len > 0
		                             ? organisation
		                             : rst_view(NULL, 0) },
	};
	struct rst_entry *entry = NULL;
	uint64_t id;
	enum rst_err err;

	err = lifecycle_suffix(&txn->r, &id);
	if (err != RST_ENOTFOUND)
		return err; /* RST_OK: it is there */
	err = act_build(0, suffix, nsuffix, values,
	                sizeof(values) / sizeof(values[0]), &entry);
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, "init", entry, NULL, refusal);
	rst_entry_free(entry);
	return err;
}

/* One place below the suffix, unless it is there. */
static enum rst_err
add_place(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *rdn,
          struct act_refusal *refusal)
{
	bool settings = strcmp(rdn, "cn=settings") == 0;
	struct rst_view name = rst_view_of(rdn + 3);
	const struct act_value values[] = {
		{ RST_A_OBJECTCLASS, RST_VIEW("top") },
		{ RST_A_OBJECTCLASS, settings
		                             ? RST_VIEW("rosterSetting")
		                             : RST_VIEW("organizationalUnit") },
		{ settings ? RST_A_CN : RST_A_OU, name },
		{ RST_A_ROSTERVALUE, settings ? RST_VIEW("registration=invite")
		                              : rst_view(NULL, 0) },
	};
	struct rst_entry *entry = NULL;
	uint64_t suffix, id;
	enum rst_err err;

	err = lifecycle_place(&txn->r, rdn, &id);
	if (err != RST_ENOTFOUND)
		return err;
	err = lifecycle_suffix(&txn->r, &suffix);
	if (err == RST_OK)
		err = act_build(suffix, rst_view_of(rdn), rst_view_of(rdn),
		                values, sizeof(values) / sizeof(values[0]),
		                &entry);
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, "init", entry, NULL, refusal);
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_place(struct rst_wtxn *txn, const struct act_ctx *ctx, const char *rdn,
          uint64_t *ret_id, struct act_refusal *refusal)
{
	enum rst_err err;

	err = lifecycle_place(&txn->r, rdn, ret_id);
	if (err != RST_ENOTFOUND)
		return err;
	err = add_place(txn, ctx, rdn, refusal);
	return err == RST_OK ? lifecycle_place(&txn->r, rdn, ret_id) : err;
}

static enum rst_err
add_groups(struct rst_wtxn *txn, const struct act_ctx *ctx,
           struct act_refusal *refusal)
{
	const struct act_group groups[] = {
		{ RST_VIEW("sysadmins"), RULE_GID_SYSADMINS, true,
		  RST_VIEW("Administrators of the directory") },
		{ RST_VIEW("ldapusers"), RULE_GID_LDAPUSERS, false,
		  RST_VIEW("Everybody") },
	};
	uint64_t id;
	enum rst_err err = RST_OK;

	for (size_t i = 0; err == RST_OK && i < 2; i++) {
		err = act_find_group(&txn->r, groups[i].name, &id);
		if (err == RST_ENOTFOUND)
			err = act_group_add(txn, ctx, &groups[i], &id, refusal);
	}
	return err;
}

/* The suffix is the environment's once and for ever; the lifecycle is on
 * unless slapd has said otherwise. */
static enum rst_err
put_settings(struct rst_wtxn *txn, struct rst_view nsuffix,
             struct act_refusal *refusal)
{
	struct rst_view value;
	enum rst_err err;

	err = rst_setting_get(&txn->r, "suffix", &value);
	if (err == RST_ENOTFOUND)
		err = rst_setting_put(txn, "suffix", nsuffix);
	else if (err == RST_OK && !rst_view_equal(value, nsuffix)) {
		rst_detail_set(&refusal->detail,
		               "this environment is the directory \"%.*s\"",
		               (int)value.len, value.ptr);
		return RST_ESTATE;
	}
	if (err != RST_OK)
		return err;
	err = rst_setting_get(&txn->r, "lifecycle", &value);
	if (err == RST_ENOTFOUND)
		err = rst_setting_put(txn, "lifecycle", RST_VIEW("on"));
	return err;
}

static enum rst_err
add_skeleton(struct rst_wtxn *txn, const struct act_ctx *ctx,
             struct act_refusal *refusal)
{
	const char *const *place = lifecycle_skeleton;
	enum rst_err err = RST_OK;

	for (; err == RST_OK && *place != NULL; place++)
		err = add_place(txn, ctx, *place, refusal);
	if (err == RST_OK)
		err = add_groups(txn, ctx, refusal);
	return err;
}

enum rst_err
act_init(const struct act_ctx *ctx, struct rst_view suffix,
         struct rst_view organisation, struct act_refusal *refusal)
{
	char nsuffix[RST_NORMAL_MAX];
	struct rst_wtxn txn = { 0 };
	struct rst_view value;
	size_t len;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	if (read_suffix(suffix, &value) == NULL) {
		rst_detail_set(&refusal->detail,
		               "a suffix begins with one plain dc=, o= or ou= "
		               "and has at most %d bytes",
		               SUFFIX_MAX);
		return RST_EINVALID;
	}
	err = rst_normalise(RST_MATCH_DN, suffix, nsuffix, &len);
	if (err == RST_OK)
		err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		return err;
	err = put_settings(&txn, rst_view(nsuffix, len), refusal);
	if (err == RST_OK)
		err = add_suffix(&txn, ctx, suffix, rst_view(nsuffix, len),
		                 organisation, refusal);
	if (err == RST_OK)
		err = add_skeleton(&txn, ctx, refusal);
	return act_end(&txn, ctx, err);
}

/* There is nobody who could invite the first administrator. */
static enum rst_err
check_unadministered(const struct rst_rtxn *txn, const struct act_ctx *ctx,
                     struct act_refusal *refusal)
{
	enum gate_administered how;
	enum rst_err err = gate_administered(txn, ctx->now_s, &how);

	if (err == RST_OK && how >= GATE_ADMINISTERED_LASTING)
		return act_refuse(refusal, RULE_ALREADY_BOOTSTRAPPED, NULL);
	return err;
}

enum rst_err
act_bootstrap_token(const struct act_ctx *ctx, char token[RST_TOKEN_TEXT],
                    struct act_refusal *refusal)
{
	unsigned char digest[RST_DIGEST_BYTES];
	char text[RST_TOKEN_TEXT], hex[ACT_HEX_BYTES],
		value[ACT_HEX_BYTES + 24];
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	rst_token_new(text, digest);
	(void)sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	(void)snprintf(value, sizeof(value), "%s %" PRId64, hex,
	               ctx->now_s + BOOTSTRAP_LIFETIME_S);
	err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		goto out;
	err = check_unadministered(&txn.r, ctx, refusal);
	if (err == RST_OK)
		err = rst_setting_put(&txn, BOOTSTRAP_SETTING,
		                      rst_view_of(value));
	if (err == RST_OK)
		err = act_event(&txn, ctx, "bootstrap-token", ctx->actor);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		memcpy(token, text, RST_TOKEN_TEXT);
out:
	sodium_memzero(text, sizeof(text));
	return err;
}

/* The token is the one that was given out, and its hour is not over. */
static enum rst_err
check_bootstrap(const struct rst_rtxn *txn, const struct act_ctx *ctx,
                struct rst_view token, struct act_refusal *refusal)
{
	const size_t digits = ACT_HEX_BYTES - 1;
	char hex[ACT_HEX_BYTES];
	struct rst_view value;
	uint64_t expires_s;
	enum rst_err err;

	err = rst_setting_get(txn, BOOTSTRAP_SETTING, &value);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
	if (err == RST_ENOTFOUND || !act_token_hex(token, hex) ||
	    value.len <= digits + 1 ||
	    sodium_memcmp(value.ptr, hex, digits) != 0 ||
	    !rst_view_number(
		    rst_view(value.ptr + digits + 1, value.len - digits - 1),
		    INT64_MAX, &expires_s) ||
	    ctx->now_s >= (int64_t)expires_s ||
	    rule_clock_from_the_future(
		    (int64_t)expires_s - BOOTSTRAP_LIFETIME_S, ctx->now_s))
		return act_refuse(refusal, RULE_INVALID_INVITE, "token");
	return check_unadministered(txn, ctx, refusal);
}

/* Look before the slow hash; the transaction looks again. */
static enum rst_err
peek_bootstrap(const struct act_ctx *ctx, struct rst_view token,
               struct act_refusal *refusal)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(ctx->env, &txn);
	if (err != RST_OK)
		return err;
	err = check_bootstrap(&txn, ctx, token, refusal);
	rst_read_end(&txn);
	return err;
}

static enum rst_err
add_administrator(struct rst_wtxn *txn, const struct act_ctx *ctx,
                  const struct act_person *person,
                  const struct act_candidate *candidate, uint64_t *ret_id,
                  struct act_refusal *refusal)
{
	uint64_t group;
	enum rst_err err;

	err = act_find_group(&txn->r, RST_VIEW("sysadmins"), &group);
	if (err == RST_ENOTFOUND)
		return act_refuse(refusal, RULE_UNKNOWN_GROUP, NULL);
	if (err == RST_OK)
		err = act_candidate_add(txn, ctx, "bootstrap", person,
		                        candidate, RST_STATUS_ACTIVE, ret_id,
		                        refusal);
	if (err == RST_OK)
		err = act_gate_member(txn, ctx, "bootstrap", group, *ret_id,
		                      true, refusal);
	if (err == RST_OK)
		err = rst_setting_put(txn, BOOTSTRAP_SETTING, RST_VIEW(""));
	return err;
}

enum rst_err
act_bootstrap(const struct act_ctx *ctx, struct rst_view token,
              const struct act_person *person, uint64_t *ret_id,
              struct act_refusal *refusal)
{
	struct act_candidate candidate = { 0 };
	struct rst_wtxn txn = { 0 };
	uint64_t id = 0;
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = peek_bootstrap(ctx, token, refusal);
	if (err == RST_OK)
		err = act_candidate_check(ctx, person, ACT_FORM_PUBLIC,
		                          &candidate, refusal);
	if (err == RST_OK)
		err = act_candidate_hash(ctx, person, &candidate, refusal);
	if (err == RST_OK)
		err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err != RST_OK)
		goto out;
	err = check_bootstrap(&txn.r, ctx, token, refusal);
	if (err == RST_OK)
		err = add_administrator(&txn, ctx, person, &candidate, &id,
		                        refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		*ret_id = id;
out:
	sodium_memzero(&candidate, sizeof(candidate));
	return err;
}
