/* SPDX-License-Identifier: OLDAP-2.8 */
/* replica_probe.c - what servers tell each other: the rootDSE
 *
 *	contextCSN	what this server has, one value a server id
 *	altServer	whom it follows; none on a provider
 *
 * Everybody may read it, and it names nobody.  A replica asks its provider
 * every few seconds, so that rosterd and rosterctl can say how far behind it
 * is, with the TLS of its syncrepl: whoever holds changes back does not say
 * that there are none.  Who was promoted asks whoever has the former provider's
 * address whether he takes changes again.  No answer within PROBE_S is none.
 */
#include "backend/replica.h"

#include <sys/time.h>

#define PROBE_S    2
#define VALUES_MAX 64 /* of contextCSN: so many servers wrote, ever */

/* The suffix entry's contextCSN as a client may read it; owned by *ret_entry,
 * which may be NULL. */
static const Attribute *
own_context(struct back_db *db, struct back_read *read, Entry **ret_entry)
{
	struct back_view view;
	struct rst_record record;
	uint64_t matched;

	*ret_entry = NULL;
	back_view_init(&view, NULL, db, &read->txn, true);
	view.no_members = true;
	if (back_find(&read->txn, &db->be->be_nsuffix[0], &record, &matched) !=
	            RST_OK ||
	    back_entry_new(&view, &record, NULL, ret_entry) != RST_OK)
		return NULL;
	return attr_find((*ret_entry)->e_attrs, slap_schema.si_ad_contextCSN);
}

static int
tell(void *arg, Entry *entry)
{
	static struct berval alt_server = BER_BVC("altServer");
	struct back_db *db = arg;
	struct back_read *read = NULL;
	AttributeDescription *ad = NULL;
	const Attribute *context;
	const char *text;
	Entry *suffix = NULL;

	if (db->env == NULL || back_read_begin(NULL, db, &read) != RST_OK)
		return 0;
	context = own_context(db, read, &suffix);
	if (context != NULL)
		(void)attr_merge(entry, slap_schema.si_ad_contextCSN,
		                 context->a_vals, context->a_nvals);
	back_entry_free(suffix);
	back_read_end(read);
	if (SLAP_SINGLE_SHADOW(db->be) && db->be->be_update_refs != NULL &&
	    slap_bv2ad(&alt_server, &ad, &text) == LDAP_SUCCESS)
		(void)attr_merge(entry, ad, db->be->be_update_refs, NULL);
	return 0;
}

void
back_replica_publish(struct back_db *db, bool on)
{
	if (!(slapMode & SLAP_SERVER_MODE))
		return;
	if (on)
		(void)entry_info_register(tell, db);
	else
		(void)entry_info_unregister(tell, db);
}

/* What is not newer than ours, for each of its server ids. */
static bool
covers(const Attribute *ours, struct berval **theirs)
{
	for (size_t i = 0; i < VALUES_MAX && theirs[i] != NULL; i++) {
		int sid = slap_parse_csn_sid(theirs[i]);
		bool has = false;

		for (unsigned int k = 0; !has && k < ours->a_numvals; k++)
			has = slap_parse_csn_sid(&ours->a_vals[k]) == sid &&
			      ber_bvcmp(&ours->a_vals[k], theirs[i]) >= 0;
		if (!has)
			return false;
	}
	return true;
}

static LDAP *
connect_to(struct back_db *db, const char *url)
{
	const struct timeval wait = { .tv_sec = PROBE_S };
	const int version = LDAP_VERSION3;
	LDAP *link = back_reach(url, &db->lookup);

	if (link == NULL)
		return NULL;
	(void)ldap_set_option(link, LDAP_OPT_PROTOCOL_VERSION, &version);
	(void)ldap_set_option(link, LDAP_OPT_NETWORK_TIMEOUT, &wait);
	(void)ldap_set_option(link, LDAP_OPT_TIMEOUT, &wait);
	/* the socket does not block: or the handshake would go round */
	(void)ldap_set_option(link, LDAP_OPT_CONNECT_ASYNC, LDAP_OPT_ON);
	(void)ldap_set_option(link, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	return link;
}

/* An LDAP result code, or libldap's (below 0). */
static int
begin_tls(LDAP *link, const char *url, slap_bindconf *tls)
{
	int any = LDAP_OPT_X_TLS_NEVER, code;

	if (tls != NULL && bindconf_tls_set(tls, link) != 0)
		return LDAP_LOCAL_ERROR;
	if (tls == NULL) { /* nothing secret goes either way */
		(void)ldap_set_option(link, LDAP_OPT_X_TLS_REQUIRE_CERT, &any);
		any = 0;
		(void)ldap_set_option(link, LDAP_OPT_X_TLS_NEWCTX, &any);
	}
	if (ldap_is_ldaps_url(url))
		return ldap_install_tls(link);
	if (tls == NULL || tls->sb_tls == SB_TLS_OFF)
		return LDAP_SUCCESS;
	code = ldap_start_tls_s(link, NULL, NULL);
	return code > 0 && tls->sb_tls != SB_TLS_CRITICAL ? LDAP_SUCCESS : code;
}

/* Compare its answer with what we have. */
static void
judge(struct back_db *db, LDAP *link, LDAPMessage *answer,
      struct back_probe *probe)
{
	LDAPMessage *entry = ldap_first_entry(link, answer);
	struct berval **context, **alt;
	struct back_read *read = NULL;
	const Attribute *ours;
	Entry *suffix = NULL;

	if (entry == NULL)
		return;
	context = ldap_get_values_len(link, entry, "contextCSN");
	alt = ldap_get_values_len(link, entry, "altServer");
	probe->provides = context != NULL && alt == NULL;
	if (context != NULL && back_read_begin(NULL, db, &read) == RST_OK) {
		ours = own_context(db, read, &suffix);
		probe->current = ours != NULL && covers(ours, context);
		back_entry_free(suffix);
		back_read_end(read);
	}
	ldap_value_free_len(context);
	ldap_value_free_len(alt);
}

void
back_replica_probe(struct back_db *db, const char *url, slap_bindconf *tls,
                   struct back_probe *ret_probe)
{
	char context[] = "contextCSN", alt[] = "altServer";
	char *attrs[] = { context, alt, NULL };
	struct timeval wait = { .tv_sec = PROBE_S };
	LDAPMessage *answer = NULL;
	LDAP *link;
	int code;

	*ret_probe = (struct back_probe){ .answers = false };
	link = connect_to(db, url);
	if (link == NULL)
		return;
	code = begin_tls(link, url, tls);
	if (code == LDAP_SUCCESS)
		code = ldap_search_ext_s(link, "", LDAP_SCOPE_BASE,
		                         "(objectClass=*)", attrs, 0, NULL,
		                         NULL, &wait, 1, &answer);
	/* refused is an answer, too; and whoever has no certificate that is
	 * believed is there, perhaps the provider with one that is over */
	ret_probe->answers = code >= 0 || code == LDAP_CONNECT_ERROR;
	if (code == LDAP_SUCCESS)
		judge(db, link, answer, ret_probe);
	ldap_msgfree(answer);
	ldap_unbind_ext(link, NULL, NULL);
}
