/* SPDX-License-Identifier: OLDAP-2.8 */
/* certificate.c - the certificate of HTTPS, which can be replaced
 *
 * GnuTLS asks for it at each handshake, by a callback without an argument:
 * hence the one variable of this file.  What was replaced may still be used by
 * a handshake that began before, which the reaper ends within seconds, so it
 * is kept for RETIRED_S.
 */
#include "httpd/certificate.h"

#include <gnutls/abstract.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "httpd/folder.h"
#include "httpd/http.h"

#define PEM_BYTES_MAX 65536
#define CHAIN_MAX     16 /* certificates */
#define RETIRED_S     60

struct pair {
	struct pair *next; /* the one that it replaced */
	gnutls_pcert_st chain[CHAIN_MAX];
	unsigned int n;
	gnutls_privkey_t key;
	int64_t retired_s;
};

/* What a file was when it was read. */
struct seen {
	struct timespec changed;
	ino_t inode;
	off_t size;
};

static struct {
	pthread_mutex_t lock;
	struct pair *first; /* in use; those behind it are retired */
	/* The start, a reload and the watch load, one at a time; this lock is
	 * taken before the other. */
	pthread_mutex_t loading;
	struct seen seen[2]; /* certificate, key: looked at last */
} now = { .lock = PTHREAD_MUTEX_INITIALIZER,
	  .loading = PTHREAD_MUTEX_INITIALIZER };

static void
free_pair(struct pair *pair)
{
	if (pair == NULL)
		return;
	for (unsigned int i = 0; i < pair->n; i++)
		gnutls_pcert_deinit(&pair->chain[i]);
	if (pair->key != NULL)
		gnutls_privkey_deinit(pair->key);
	free(pair);
}

static int64_t
uptime(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec;
}

/* GnuTLS itself compares the two. */
static bool
belong_together(const gnutls_datum_t *chain, const gnutls_datum_t *key)
{
	gnutls_certificate_credentials_t both;
	bool ok;

	if (gnutls_certificate_allocate_credentials(&both) != 0)
		return false;
	ok = gnutls_certificate_set_x509_key_mem(both, chain, key,
	                                         GNUTLS_X509_FMT_PEM) >= 0;
	gnutls_certificate_free_credentials(both);
	return ok;
}

static enum rst_err
parse(const gnutls_datum_t *chain, const gnutls_datum_t *key,
      struct pair **ret_pair)
{
	struct pair *pair;

	if (!belong_together(chain, key))
		return RST_EINVALID;
	pair = calloc(1, sizeof(*pair));
	if (pair == NULL)
		return RST_ENOMEM;
	pair->n = CHAIN_MAX;
	if (gnutls_pcert_list_import_x509_raw(pair->chain, &pair->n, chain,
	                                      GNUTLS_X509_FMT_PEM, 0) != 0) {
		pair->n = 0;
		goto bad;
	}
	if (gnutls_privkey_init(&pair->key) != 0 ||
	    gnutls_privkey_import_x509_raw(pair->key, key, GNUTLS_X509_FMT_PEM,
	                                   NULL, 0) != 0)
		goto bad;
	*ret_pair = pair;
	return RST_OK;
bad:
	free_pair(pair);
	return RST_EINVALID;
}

/* Use pair; those that were retired long ago go. */
static void
put_first(struct pair *pair)
{
	struct pair **at;

	pthread_mutex_lock(&now.lock);
	if (now.first != NULL)
		now.first->retired_s = uptime();
	pair->next = now.first;
	now.first = pair;
	at = &pair->next;
	while (*at != NULL) {
		struct pair *old = *at;

		if (uptime() - old->retired_s < RETIRED_S) {
			at = &old->next;
			continue;
		}
		*at = old->next;
		free_pair(old);
	}
	pthread_mutex_unlock(&now.lock);
}

static void
look(const char *path, struct seen *ret_seen)
{
	struct stat st;

	memset(ret_seen, 0, sizeof(*ret_seen));
	if (stat(path, &st) != 0)
		return;
	ret_seen->changed = st.st_mtim;
	ret_seen->inode = st.st_ino;
	ret_seen->size = st.st_size;
}

/* now.loading is held. */
static enum rst_err
load(const struct http_config *config, struct rst_detail *reterr)
{
	char *chain = NULL, *key = NULL;
	size_t chain_len = 0, key_len = 0;
	struct pair *pair;
	enum rst_err err;

	look(config->tls_certificate, &now.seen[0]);
	look(config->tls_key, &now.seen[1]);
	err = folder_read_file(config->tls_certificate, PEM_BYTES_MAX, &chain,
	                       &chain_len, reterr);
	if (err == RST_OK)
		err = folder_read_file(config->tls_key, PEM_BYTES_MAX, &key,
		                       &key_len, reterr);
	if (err == RST_OK) {
		const gnutls_datum_t pem[2] = {
			{ (unsigned char *)chain, (unsigned int)chain_len },
			{ (unsigned char *)key, (unsigned int)key_len },
		};

		err = parse(&pem[0], &pem[1], &pair);
		if (err == RST_EINVALID)
			rst_detail_set(reterr,
			               "tls_certificate and tls_key: are they "
			               "a pair in PEM?");
	}
	if (err == RST_OK)
		put_first(pair);
	if (key != NULL)
		sodium_memzero(key, key_len);
	free(key);
	free(chain);
	return err;
}

enum rst_err
certificate_load(const struct http_config *config, struct rst_detail *reterr)
{
	enum rst_err err;

	pthread_mutex_lock(&now.loading);
	err = load(config, reterr);
	pthread_mutex_unlock(&now.loading);
	return err;
}

void
certificate_watch(const struct http_config *config)
{
	struct rst_detail why = { "" };
	struct seen seen[2];
	enum rst_err err;

	if (config->plain)
		return;
	look(config->tls_certificate, &seen[0]);
	look(config->tls_key, &seen[1]);
	pthread_mutex_lock(&now.loading);
	if (memcmp(seen, now.seen, sizeof(seen)) == 0)
		goto out;
	err = load(config, &why);
	if (err == RST_OK)
		http_log(5, "there is a new certificate");
	else
		http_log(4, "the new certificate is not used: %s", why.text);
out:
	pthread_mutex_unlock(&now.loading);
}

void
certificate_release(void)
{
	pthread_mutex_lock(&now.lock);
	while (now.first != NULL) {
		struct pair *pair = now.first;

		now.first = pair->next;
		free_pair(pair);
	}
	pthread_mutex_unlock(&now.lock);
}

static int
retrieve(gnutls_session_t session, const gnutls_datum_t *names, int n_names,
         const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
         gnutls_pcert_st **ret_chain, unsigned int *ret_n,
         gnutls_privkey_t *ret_key)
{
	bool found;

	(void)session, (void)names, (void)n_names;
	(void)algorithms, (void)n_algorithms;
	pthread_mutex_lock(&now.lock);
	found = now.first != NULL;
	if (found) {
		*ret_chain = now.first->chain;
		*ret_n = now.first->n;
		*ret_key = now.first->key;
	}
	pthread_mutex_unlock(&now.lock);
	return found ? 0 : -1;
}

void *
certificate_callback(void)
{
	gnutls_certificate_retrieve_function2 *function = retrieve;
	void *callback;

	/* ISO C has no cast for this */
	memcpy(&callback, &function, sizeof(callback));
	return callback;
}
