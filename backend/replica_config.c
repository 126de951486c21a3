/* SPDX-License-Identifier: OLDAP-2.8 */
/* replica_config.c - whom a database follows: cn=config
 *
 * slapd keeps a syncrepl to itself, but cn=config has it as a value: "{0}",
 * and words with spaces between, in quotes where a value has spaces.
 *
 * rosterctl promote says so in the environment.  slapd then takes syncrepl and
 * updateref from its database, as an administrator would by ldapmodify: with
 * a configuration in slapd.d for good, with slapd.conf until the next start,
 * which is refused while they stand there.
 */
#include "backend/replica.h"

#include <sodium.h>
#include <stdlib.h>

#include "slap-config.h"

#define PROVIDER "provider="
#define RID      "rid="
#define WORD_MAX 4096 /* bytes of one, with its name */

static struct berval config_ndn = BER_BVC("cn=config");

static void
begin(Operation *op, BackendDB *config, ber_tag_t tag, slap_callback *callback)
{
	op->o_tag = tag;
	op->o_bd = config;
	op->o_dn = config->be_rootdn;
	op->o_ndn = config->be_rootndn;
	op->o_managedsait = SLAP_CONTROL_NONCRITICAL;
	op->o_callback = callback;
	slap_op_time(&op->o_time, &op->o_tincr);
}

/* Call back with the database's own entry, found by its suffix. */
static void
find_entry(struct back_db *db, BackendDB *config, slap_callback *callback)
{
	SlapReply rs = { REP_RESULT };
	Connection conn = { 0 };
	OperationBuffer opbuf;
	struct berval value;
	char text[RST_DN_MAX + 64];
	Operation *op;

	connection_fake_init(&conn, &opbuf, ldap_pvt_thread_pool_context());
	op = &opbuf.ob_op;
	begin(op, config, LDAP_REQ_SEARCH, callback);
	filter_escape_value_x(&db->be->be_suffix[0], &value, op->o_tmpmemctx);
	(void)snprintf(text, sizeof(text),
	               "(&(objectClass=olcRosterConfig)(olcSuffix=%s))",
	               value.bv_val);
	slap_sl_free(value.bv_val, op->o_tmpmemctx);
	op->o_req_dn = config_ndn;
	op->o_req_ndn = config_ndn;
	op->ors_scope = LDAP_SCOPE_ONELEVEL;
	op->ors_deref = LDAP_DEREF_NEVER;
	op->ors_tlimit = SLAP_NO_LIMIT;
	op->ors_slimit = SLAP_NO_LIMIT;
	op->ors_attrs = slap_anlist_no_attrs;
	op->ors_attrsonly = 1;
	ber_str2bv_x(text, 0, 1, &op->ors_filterstr, op->o_tmpmemctx);
	op->ors_filter = str2filter_x(op, text);
	if (op->ors_filter != NULL) {
		(void)config->be_search(op, &rs);
		filter_free_x(op, op->ors_filter, 1);
	}
	slap_sl_free(op->ors_filterstr.bv_val, op->o_tmpmemctx);
}

static int
drop_attribute(BackendDB *config, struct berval *ndn, const char *name)
{
	slap_callback callback = { .sc_response = slap_null_cb };
	AttributeDescription *ad = NULL;
	SlapReply rs = { REP_RESULT };
	Modifications *mod;
	Connection conn = { 0 };
	OperationBuffer opbuf;
	const char *text;
	Operation *op;

	if (slap_str2ad(name, &ad, &text) != LDAP_SUCCESS)
		return LDAP_UNDEFINED_TYPE;
	connection_fake_init(&conn, &opbuf, ldap_pvt_thread_pool_context());
	op = &opbuf.ob_op;
	begin(op, config, LDAP_REQ_MODIFY, &callback);
	mod = ch_calloc(1, sizeof(*mod));
	mod->sml_op = LDAP_MOD_DELETE;
	mod->sml_desc = ad;
	mod->sml_type = ad->ad_cname;
	op->o_req_dn = *ndn;
	op->o_req_ndn = *ndn;
	op->orm_modlist = mod;
	(void)config->be_modify(op, &rs);
	slap_mods_free(op->orm_modlist, 1);
	return rs.sr_err;
}

/* ch_malloc */
static int
note_dn(Operation *op, SlapReply *rs)
{
	struct berval *ndn = op->o_callback->sc_private;

	if (rs->sr_type == REP_SEARCH && BER_BVISNULL(ndn))
		ber_dupbv(ndn, &rs->sr_entry->e_nname);
	return 0;
}

int
back_replica_unfollow(struct back_db *db)
{
	BackendDB *config = select_backend(&config_ndn, 0);
	struct berval ndn = BER_BVNULL;
	slap_callback callback = { .sc_response = note_dn, .sc_private = &ndn };
	int code = LDAP_NO_SUCH_OBJECT;

	if (config != NULL)
		find_entry(db, config, &callback);
	if (BER_BVISNULL(&ndn))
		return code;
	if (db->be->be_update_refs != NULL)
		(void)drop_attribute(config, &ndn, "olcUpdateRef");
	/* slapd writes it down as FALSE for a replica; without syncrepl beside
	 * it that means a database that takes no changes, from a next start */
	(void)drop_attribute(config, &ndn, "olcMultiProvider");
	code = drop_attribute(config, &ndn, "olcSyncrepl");
	ch_free(ndn.bv_val);
	return code;
}

/* The next word without its quotes, and with a NUL; false: there is none, or
 * it is longer than size. */
static bool
next_word(const char **at, char *ret_word, size_t size)
{
	bool quoted = false;
	size_t n = 0;

	*at += strspn(*at, " \t");
	for (; **at != '\0' && (quoted || strchr(" \t", **at) == NULL);
	     (*at)++) {
		if (**at == '"') {
			quoted = !quoted;
			continue;
		}
		if (**at == '\\' && (*at)[1] != '\0')
			(*at)++;
		if (n + 1 >= size)
			return false;
		ret_word[n++] = **at;
	}
	ret_word[n] = '\0';
	return n > 0;
}

static bool
begins(const char *word, const char *with)
{
	return strncasecmp(word, with, strlen(with)) == 0;
}

/* What a word of a syncrepl says about its connection. */
static void
note_word(const char *word, struct back_upstream *upstream)
{
	if (begins(word, PROVIDER))
		(void)rst_view_copy(rst_view_of(word + strlen(PROVIDER)),
		                    upstream->url, sizeof(upstream->url));
	else if (begins(word, RID))
		upstream->rid = strtol(word + strlen(RID), NULL, 10);
	else if (begins(word, "starttls=") || begins(word, "tls_"))
		(void)bindconf_parse(word, &upstream->tls);
}

/* False: it names nobody, or who knows what TLS the rest asks for. */
static bool
read_value(const char *at, struct back_upstream *upstream)
{
	char word[WORD_MAX];

	if (at[0] == '{' && strchr(at, '}') != NULL)
		at = strchr(at, '}') + 1; /* without a space after it */
	while (next_word(&at, word, sizeof(word)))
		note_word(word, upstream);
	sodium_memzero(word, sizeof(word)); /* the password was one, too */
	return *at == '\0' && upstream->url[0] != '\0';
}

/* slapd.conf's come in another order than they have there. */
static int
note_syncrepl(Operation *op, SlapReply *rs)
{
	struct back_upstream *upstream = op->o_callback->sc_private;
	AttributeDescription *ad = NULL;
	const Attribute *attr;
	const char *text;

	if (rs->sr_type != REP_SEARCH ||
	    slap_str2ad("olcSyncrepl", &ad, &text) != LDAP_SUCCESS)
		return 0;
	attr = attr_find(rs->sr_entry->e_attrs, ad);
	for (unsigned int i = 0; attr != NULL && i < attr->a_numvals; i++) {
		struct back_upstream one = { .url = "" }, former = *upstream;

		if (read_value(attr->a_vals[i].bv_val, &one) &&
		    (former.url[0] == '\0' || one.rid < former.rid)) {
			*upstream = one;
			one = former;
		}
		bindconf_free(&one.tls);
	}
	return 0;
}

bool
back_replica_upstream(struct back_db *db, struct back_upstream *ret)
{
	BackendDB *config = select_backend(&config_ndn, 0);
	slap_callback callback = { .sc_response = note_syncrepl,
		                   .sc_private = ret };

	*ret = (struct back_upstream){ .url = "" };
	if (config != NULL)
		find_entry(db, config, &callback);
	if (ret->url[0] == '\0') {
		bindconf_free(&ret->tls);
		return false;
	}
	/* without a word for it, too: then it has slapd's own certificates */
	if (ldap_is_ldaps_url(ret->url))
		ret->tls.sb_tls_do_init = 1;
	bindconf_tls_defaults(&ret->tls);
	return true;
}
