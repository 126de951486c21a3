/* SPDX-License-Identifier: OLDAP-2.8 */
/* act_host.c - hosts: made, edited, deleted */
#include <stdio.h>

#include <sodium.h>

#include "lifecycle/act_priv.h"
#include "lifecycle/host.h"
#include "lifecycle/place.h"

enum rst_err
act_find_host(const struct rst_rtxn *txn, struct rst_view name,
              uint64_t *ret_id)
{
	char rdn[3 + RULE_HOST_MAX + 1];
	struct rst_record record;
	uint64_t parent, id;
	size_t n;
	enum rst_err err;

	if (rule_host_name(name.ptr, name.len) != RULE_OK)
		return RST_ENOTFOUND;
	n = (size_t)snprintf(rdn, sizeof(rdn), "cn=%.*s", (int)name.len,
	                     name.ptr);
	for (size_t i = 0; i < n; i++)
		rdn[i] = rst_lower(rdn[i]);
	err = lifecycle_place(txn, "ou=hosts", &parent);
	if (err == RST_OK)
		err = rst_tree_child(txn, parent, rst_view(rdn, n), &id);
	if (err == RST_OK)
		err = rst_record_get(txn, id, &record);
	if (err == RST_OK && !lifecycle_is_host(&record))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		*ret_id = id;
	return err;
}

typedef enum rst_err find_by_name(const struct rst_rtxn *txn,
                                  struct rst_view name, uint64_t *ret_id);

/* The DNs of those that names mean become the values of attr. */
static enum rst_err
set_dns(const struct rst_rtxn *txn, struct rst_entry *entry, uint16_t attr,
        const struct rst_view *names, size_t n_names, find_by_name *find)
{
	char dn[RST_DN_MAX];
	uint64_t id;
	size_t len;
	enum rst_err err;

	err = rst_entry_set(entry, attr, NULL, 0);
	for (size_t i = 0; err == RST_OK && i < n_names; i++) {
		err = find(txn, names[i], &id);
		if (err == RST_OK)
			err = rst_tree_dn(txn, id, dn, sizeof(dn), &len);
		if (err == RST_OK)
			err = act_add_once(entry, attr, rst_view(dn, len));
	}
	return err;
}

/* hash is that of host->password, made before the transaction. */
static enum rst_err
fill(const struct rst_rtxn *txn, struct rst_entry *entry,
     const struct act_host *host, const char *hash, struct act_refusal *refusal)
{
	enum rst_err err = RST_OK;

	if (host->groups != NULL)
		err = set_dns(txn, entry, RST_A_ROSTERHOSTGROUP, host->groups,
		              host->n_groups, act_find_group);
	if (err == RST_ENOTFOUND)
		return act_refuse(refusal, RULE_UNKNOWN_GROUP, "groups");
	if (err == RST_OK && host->managers != NULL)
		err = set_dns(txn, entry, RST_A_ROSTERMANAGER, host->managers,
		              host->n_managers, act_find_person);
	if (err == RST_ENOTFOUND)
		return act_refuse(refusal, RULE_UNKNOWN_USER, "managers");
	if (err == RST_OK && host->description.ptr != NULL)
		err = rst_entry_set(entry, RST_A_DESCRIPTION,
		                    &host->description,
		                    host->description.len > 0 ? 1 : 0);
	if (err == RST_OK && host->password.ptr != NULL && hash[0] != '\0')
		err = rst_entry_set_one(entry, RST_A_USERPASSWORD,
		                        rst_view_of(hash));
	else if (err == RST_OK && host->password.ptr != NULL)
		err = rst_entry_set(entry, RST_A_USERPASSWORD, NULL, 0);
	return err;
}

/* The slow part, and what needs no look at others. */
static enum rst_err
prepare(const struct act_ctx *ctx, const struct act_host *host,
        char hash[LIFECYCLE_HASH_MAX], struct act_refusal *refusal)
{
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	hash[0] = '\0';
	if (host->n_groups > ACT_HOST_GROUPS_MAX ||
	    host->n_managers > ACT_MANAGERS_MAX)
		return RST_EINVALID;
	if (host->password.len == 0)
		return RST_OK;
	if (host->password.len < ACT_HOST_PASSWORD_MIN)
		return act_refuse(refusal, RULE_WEAK_PASSWORD, "password");
	err = lifecycle_password_hash(ctx->env, host->password, hash);
	if (err == RST_EINVALID)
		return act_refuse(refusal, RULE_INVALID_PASSWORD, "password");
	return err;
}

static enum rst_err
add_host(struct rst_wtxn *txn, const struct act_ctx *ctx, struct rst_view name,
         const struct act_host *host, const char *hash, uint64_t *ret_id,
         struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	enum rst_err err;

	err = act_build_named(txn, ctx, "ou=hosts",
	                      RST_VIEW(LIFECYCLE_HOST_CLASS), name, &entry,
	                      refusal);
	if (err == RST_OK)
		err = fill(&txn->r, entry, host, hash, refusal);
	if (err == RST_OK)
		err = act_gate_add(txn, ctx, "create-host", entry, ret_id,
		                   refusal);
	if (err == RST_EEXISTS)
		err = act_refuse(refusal, RULE_HOST_TAKEN, "name");
	rst_entry_free(entry);
	return err;
}

enum rst_err
act_create_host(const struct act_ctx *ctx, struct rst_view name,
                const struct act_host *host, uint64_t *ret_id,
                struct act_refusal *refusal)
{
	char hash[LIFECYCLE_HASH_MAX];
	struct rst_wtxn txn = { 0 };
	uint64_t id = 0;
	enum rst_err err;

	err = prepare(ctx, host, hash, refusal);
	/* Before it is part of a DN. */
	if (err == RST_OK && rule_host_name(name.ptr, name.len) != RULE_OK)
		err = act_refuse(refusal, RULE_INVALID_HOST, "name");
	if (err == RST_OK)
		err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = add_host(&txn, ctx, name, host, hash, &id, refusal);
	err = act_end(&txn, ctx, err);
	if (err == RST_OK)
		*ret_id = id;
	sodium_memzero(hash, sizeof(hash));
	return err;
}

/* A copy to change, if it is a host's. */
static enum rst_err
load(const struct rst_rtxn *txn, uint64_t id, struct rst_entry **ret_entry)
{
	struct rst_record record;
	enum rst_err err;

	err = rst_record_get(txn, id, &record);
	if (err == RST_OK && !lifecycle_is_host(&record))
		err = RST_ENOTFOUND;
	return err == RST_OK ? rst_entry_from_record(&record, ret_entry) : err;
}

enum rst_err
act_edit_host(const struct act_ctx *ctx, uint64_t id,
              const struct act_host *host, struct act_refusal *refusal)
{
	char hash[LIFECYCLE_HASH_MAX];
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	err = prepare(ctx, host, hash, refusal);
	if (err == RST_OK)
		err = rst_write_begin(ctx->env, RST_WRITE_ORDINARY, &txn);
	if (err == RST_OK)
		err = load(&txn.r, id, &entry);
	if (err == RST_OK)
		err = fill(&txn.r, entry, host, hash, refusal);
	if (err == RST_OK)
		err = act_gate_modify(&txn, ctx, "edit-host", RST_VIEW(""), id,
		                      entry, refusal);
	err = act_end(&txn, ctx, err);
	rst_entry_free(entry);
	sodium_memzero(hash, sizeof(hash));
	return err;
}

enum rst_err
act_delete_host(const struct act_ctx *ctx, uint64_t id,
                struct act_refusal *refusal)
{
	struct rst_entry *entry = NULL;
	struct rst_wtxn txn = { 0 };
	enum rst_err err;

	*refusal = (struct act_refusal){ 0 };
	err = rst_write_begin(ctx->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = load(&txn.r, id, &entry);
	if (err == RST_OK)
		err = act_gate_delete(&txn, ctx, "delete-host", RST_VIEW(""),
		                      id, refusal);
	err = act_end(&txn, ctx, err);
	rst_entry_free(entry);
	return err;
}
