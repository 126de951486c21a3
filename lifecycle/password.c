/* SPDX-License-Identifier: OLDAP-2.8 */
/* password.c - hashing passwords behind the gate of hazards 3.4
 *
 *	password --normalise--> slot --argon2id--> answer
 *
 * What is not there is checked against a decoy, so that an unknown account
 * costs what a wrong password costs.
 */
#include <gnutls/gnutls.h>
#include <sodium.h>
#include <stdio.h>

#include "lifecycle/decoy.h"
#include "lifecycle/password.h"
#include "lifecycle/scheme.h"
#include "lifecycle/setting.h"
#include "lifecycle/slot.h"
#include "rules/password.h"

#define HASH_SCHEME "{ARGON2}"

_Static_assert(LIFECYCLE_HASH_MAX >=
                       sizeof(HASH_SCHEME) - 1 + crypto_pwhash_STRBYTES,
               "a scheme and libsodium's longest string fit");

enum rst_err
lifecycle_cost(const struct rst_rtxn *txn, struct lifecycle_cost *ret_cost)
{
	int64_t kib, passes;
	enum rst_err err;

	err = lifecycle_setting_number(txn, RULE_SETTING_HASH_MEMORY, &kib);
	if (err == RST_OK)
		err = lifecycle_setting_number(txn, RULE_SETTING_HASH_PASSES,
		                               &passes);
	if (err == RST_OK)
		*ret_cost = (struct lifecycle_cost){ (uint32_t)kib,
			                             (uint32_t)passes };
	return err;
}

static enum rst_err
read_decoy_cost(struct rst_env *env, struct rst_view name,
                struct lifecycle_cost *ret_cost)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	if (err != RST_OK)
		return err;
	err = decoy_cost(&txn, name, ret_cost);
	rst_read_end(&txn);
	return err;
}

static enum rst_err
read_cost(struct rst_env *env, struct lifecycle_cost *ret_cost)
{
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(env, &txn);
	if (err != RST_OK)
		return err;
	err = lifecycle_cost(&txn, ret_cost);
	rst_read_end(&txn);
	return err;
}

/* Nobody's password. */
static void
print_decoy(const struct lifecycle_cost *cost, char buf[crypto_pwhash_STRBYTES])
{
	(void)snprintf(buf, crypto_pwhash_STRBYTES,
	               "$argon2id$v=19$m=%u,t=%u,p=1$juGuFpgj+OpbCZ+5+lB9+Q$"
	               "iY0wlqtkzUN2rtkqIoXm7TV8vYYKf71F0+9UbxFwCzU",
	               cost->kib, cost->passes);
}

/* A password as it is hashed: owned, wiped when released. */
struct prepared {
	gnutls_datum_t text;
};

static void
prepared_release(struct prepared *prepared)
{
	if (prepared->text.data != NULL) {
		sodium_memzero(prepared->text.data, prepared->text.size);
		gnutls_free(prepared->text.data);
		prepared->text.data = NULL;
	}
}

/* RFC 8265: the same text typed on two keyboards is the same password. */
static enum rst_err
prepare(struct rst_view password, struct prepared *ret_prepared)
{
	int rc;

	if (password.len == 0 || password.len > RULE_PASSWORD_MAX ||
	    memchr(password.ptr, '\0', password.len) != NULL)
		return RST_EINVALID;
	rc = gnutls_utf8_password_normalize((const unsigned char *)password.ptr,
	                                    (unsigned int)password.len,
	                                    &ret_prepared->text, 0);
	if (rc == GNUTLS_E_MEMORY_ERROR)
		return RST_ENOMEM;
	return rc == 0 ? RST_OK : RST_EINVALID;
}

/* eager: as soon as can be; else after those who wait, if they are few. */
static enum rst_err
make_hash(struct rst_env *env, const struct lifecycle_cost *cost,
          struct rst_view password, bool eager, char buf[LIFECYCLE_HASH_MAX])
{
	char text[crypto_pwhash_STRBYTES] = "";
	struct prepared prepared = { 0 };
	int slot = -1;
	enum rst_err err;

	if (sodium_init() < 0)
		return RST_ENOMEM;
	err = prepare(password, &prepared);
	if (err == RST_OK)
		err = lifecycle_slot_take(env, !eager, &slot);
	if (err != RST_OK)
		goto out;
	if (crypto_pwhash_str_alg(text, (const char *)prepared.text.data,
	                          prepared.text.size, cost->passes,
	                          (size_t)cost->kib * 1024,
	                          crypto_pwhash_ALG_ARGON2ID13) != 0)
		err = RST_ENOMEM;
	lifecycle_slot_give(slot);
	if (err == RST_OK)
		(void)snprintf(buf, LIFECYCLE_HASH_MAX, HASH_SCHEME "%s", text);
out:
	prepared_release(&prepared);
	sodium_memzero(text, sizeof(text));
	return err;
}

enum rst_err
lifecycle_password_hash(struct rst_env *env, struct rst_view password,
                        char buf[LIFECYCLE_HASH_MAX])
{
	struct lifecycle_cost cost;
	enum rst_err err;

	err = read_cost(env, &cost);
	if (err == RST_OK)
		err = make_hash(env, &cost, password, true, buf);
	return err;
}

/* How a stored value is to be verified. */
enum method {
	METHOD_NONE,   /* nothing is stored, or nothing lawful */
	METHOD_SODIUM, /* argon2id, argon2i */
	METHOD_OTHER,
};

static enum method
method_of(struct rst_view stored)
{
	struct rst_view argon2i = RST_VIEW("{argon2}$argon2i$");

	switch (rule_hash_scheme(stored.ptr, stored.len)) {
	case RULE_SCHEME_ARGON2ID:
		return METHOD_SODIUM;
	case RULE_SCHEME_OTHER:
		if (stored.len > argon2i.len &&
		    rst_view_equal_nocase(rst_view(stored.ptr, argon2i.len),
		                          argon2i))
			return METHOD_SODIUM;
		return METHOD_OTHER;
	case RULE_SCHEME_NONE:
	case RULE_SCHEME_REFUSED:
		break;
	}
	return METHOD_NONE;
}

/* One hash with a slot held.  text is a C string of libsodium's. */
static bool
verify(const char *text, struct rst_view password)
{
	return crypto_pwhash_str_verify(text, password.ptr, password.len) == 0;
}

typedef bool other_scheme(void *arg, const char *stored,
                          struct rst_view password);

/* stored is of another scheme; a module of slapd's may know what we do not. */
static bool
ask_other(other_scheme *other, void *arg, struct rst_view stored,
          struct rst_view password)
{
	char text[RULE_PASSWORD_MAX + 1];
	bool matches;

	switch (lifecycle_scheme_match(stored, password)) {
	case LIFECYCLE_MATCH:
		return true;
	case LIFECYCLE_MATCH_NOT:
		return false;
	case LIFECYCLE_MATCH_UNKNOWN:
		break;
	}
	if (other == NULL || !rst_view_copy(stored, text, sizeof(text)))
		return false;
	matches = other(arg, text, password);
	sodium_memzero(text, sizeof(text));
	return matches;
}

/* The slot is held.  Whatever fails has cost one hash at the end. */
static bool
check(const struct lifecycle_cost *cost, struct rst_view stored,
      struct rst_view raw, const struct prepared *prepared, other_scheme *other,
      void *arg)
{
	char text[crypto_pwhash_STRBYTES];
	struct rst_view password =
		rst_view(prepared->text.data, prepared->text.size);
	enum method method = method_of(stored);
	bool matches;

	if (method == METHOD_OTHER && ask_other(other, arg, stored, raw))
		return true;
	if (password.ptr == NULL)
		method = METHOD_NONE; /* not a password anybody could set */
	if (password.ptr == NULL)
		password = RST_VIEW("decoy");
	if (method == METHOD_SODIUM &&
	    !rst_view_copy(rst_view(stored.ptr + sizeof(HASH_SCHEME) - 1,
	                            stored.len - (sizeof(HASH_SCHEME) - 1)),
	                   text, sizeof(text)))
		method = METHOD_NONE;
	if (method != METHOD_SODIUM)
		print_decoy(cost, text);
	matches = verify(text, password);
	sodium_memzero(text, sizeof(text));
	return matches && method == METHOD_SODIUM;
}

enum rst_err
lifecycle_password_check(struct rst_env *env, struct rst_view name,
                         bool suspect, struct rst_view stored,
                         struct rst_view password, other_scheme *other,
                         void *arg)
{
	struct prepared prepared = { 0 };
	struct lifecycle_cost cost;
	int slot = -1;
	enum rst_err err;

	if (sodium_init() < 0)
		return RST_ENOMEM;
	/* Too long is refused at once: it tells nothing of the account. */
	if (password.len > RULE_PASSWORD_MAX)
		return RST_EDENIED;
	err = read_decoy_cost(env, name, &cost);
	if (err != RST_OK)
		return err;
	err = prepare(password, &prepared);
	if (err == RST_OK || err == RST_EINVALID)
		err = lifecycle_slot_take(env, suspect, &slot);
	if (err != RST_OK)
		goto out;
	if (!check(&cost, stored, password, &prepared, other, arg))
		err = RST_EDENIED;
	lifecycle_slot_give(slot);
out:
	prepared_release(&prepared);
	return err;
}

enum rst_err
lifecycle_password_unused(struct rst_env *env,
                          const struct lifecycle_terms *terms,
                          struct rst_view password)
{
	enum rst_err err;

	for (size_t i = 0; i < terms->n_used; i++) {
		err = lifecycle_password_check(env, RST_VIEW(""), false,
		                               rst_view_of(terms->used[i]),
		                               password, NULL, NULL);
		if (err == RST_OK)
			return RST_EDENIED;
		if (err != RST_EDENIED)
			return err;
	}
	return RST_OK;
}

/* Is it what a new hash would be, but for salt and sum? */
static bool
is_of_cost(const struct lifecycle_cost *cost, struct rst_view stored)
{
	char text[80];
	size_t len;

	(void)snprintf(text, sizeof(text),
	               HASH_SCHEME "$argon2id$v=19$m=%u,t=%u,p=1$", cost->kib,
	               cost->passes);
	len = strlen(text);
	return stored.len > len &&
	       rst_view_equal(rst_view(stored.ptr, len), rst_view(text, len));
}

void
lifecycle_password_renew(struct rst_env *env, struct rst_view stored,
                         struct rst_view password, char buf[LIFECYCLE_HASH_MAX])
{
	struct lifecycle_cost cost;

	buf[0] = '\0';
	if (read_cost(env, &cost) == RST_OK && !is_of_cost(&cost, stored) &&
	    make_hash(env, &cost, password, false, buf) != RST_OK)
		buf[0] = '\0';
}
