/* SPDX-License-Identifier: OLDAP-2.8 */
/* client.c - one LDAP operation, over and over, on many connections
 *
 *	client [OPTION...] OPERATION
 *
 *	search BASE base|one|sub FILTER ATTRIBUTE,ATTRIBUTE
 *	compare DN ATTRIBUTE VALUE
 *	bind DN PASSWORD
 *	modify DN add|delete|replace ATTRIBUTE VALUE
 *	add DN ATTRIBUTE=VALUE...
 *	delete DN
 *	mixed PERCENT SEARCH... MODIFY...	so many of a hundred modify
 *
 * In all of them {0}, {1}... is a column of a line of the keys (-f, columns
 * divided by tabs), {i} the operation's number.  Lines are taken at random, or
 * one after the other (-q).
 *
 * With -g it says "ready" when every connection is open, and goes when it
 * reads a line: what connecting costs is not measured.  At the end one line of
 * JSON says how many operations there were, how long they took, and how long
 * each.  Operations that end otherwise than they should (-e CODE) are counted
 * apart, and the first of them is told.
 */
#include <errno.h>
#include <getopt.h>
#include <ldap.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#define COLUMNS_MAX 8
#define WORDS_MAX   48
#define MODIFY_AT   7 /* in mixed: after its own words and those of search */
#define MIXED_WORDS 12
#define TEXT_MAX    1024
#define THREADS_MAX 2048
#define STACK_BYTES (256 * 1024)
#define KEYS_MAX    4000000
#define NS_IN_S     UINT64_C(1000000000)

struct key {
	char *column[COLUMNS_MAX];
};

static struct {
	const char *url, *dn, *password;
	unsigned int threads, page;
	double seconds;
	uint64_t operations; /* 0: as many as the time allows */
	uint64_t first;      /* the number of the first one */
	int expected;
	bool in_order, wait;
	struct key *keys;
	size_t n_keys;
	char **words;
	int n_words;
} given = { .url = "ldap://127.0.0.1", .threads = 1, .seconds = 1 };

static atomic_uint_fast64_t next_number;
static uint64_t stop_at; /* set before anybody goes */
static pthread_barrier_t gate;
static pthread_mutex_t told = PTHREAD_MUTEX_INITIALIZER;

struct worker {
	pthread_t thread;
	LDAP *ld;
	uint64_t dice;
	uint64_t entries, wrong;
	char (*word)[TEXT_MAX]; /* of the operation in turn */
	uint32_t *took_us;
	size_t n, room;
	char text[WORDS_MAX][TEXT_MAX];
};

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "client: %s: %s\n", what, why);
	exit(2);
}

static uint64_t
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_IN_S + (uint64_t)now.tv_nsec;
}

static void
read_keys(const char *path)
{
	FILE *in = fopen(path, "r");
	char *line = NULL, *rest;
	size_t room = 0, have = 0;

	if (in == NULL)
		die(path, strerror(errno));
	while (given.n_keys < KEYS_MAX && getline(&line, &room, in) > 0) {
		struct key *key;

		if (given.n_keys == have) {
			have = have == 0 ? 1024 : have * 2;
			given.keys =
				realloc(given.keys, have * sizeof(*given.keys));
			if (given.keys == NULL)
				die(path, "no memory");
		}
		line[strcspn(line, "\n")] = '\0';
		key = &given.keys[given.n_keys++];
		memset(key, 0, sizeof(*key));
		rest = strdup(line);
		for (int i = 0; i < COLUMNS_MAX && rest != NULL; i++)
			key->column[i] = strsep(&rest, "\t");
	}
	free(line);
	fclose(in);
	if (given.n_keys == 0)
		die(path, "no keys");
}

/* What a placeholder stands for; NULL: this is none. */
static const char *
value_of(const char *from, const struct key *key, const char *number,
         size_t *ret_len)
{
	if (from[0] != '{' || from[1] == '\0' || from[2] != '}')
		return NULL;
	*ret_len = 3;
	if (from[1] == 'i')
		return number;
	if (from[1] < '0' || from[1] >= '0' + COLUMNS_MAX)
		return NULL;
	return key != NULL ? key->column[from[1] - '0'] : NULL;
}

static void
expand(char *to, const char *from, const struct key *key, uint64_t number)
{
	char *end = to + TEXT_MAX - 1;
	char digits[24];
	const char *value;
	size_t len;

	snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
	while (*from != '\0' && to < end) {
		value = value_of(from, key, digits, &len);
		if (value == NULL) {
			*to++ = *from++;
			continue;
		}
		from += len;
		while (*value != '\0' && to < end)
			*to++ = *value++;
	}
	*to = '\0';
}

static bool
is(const struct worker *worker, const char *name)
{
	return strcmp(worker->text[0], name) == 0;
}

/* Every thread rolls dice of its own: xorshift. */
static uint64_t
roll(struct worker *worker)
{
	worker->dice ^= worker->dice << 13;
	worker->dice ^= worker->dice >> 7;
	worker->dice ^= worker->dice << 17;
	return worker->dice;
}

static const struct key *
key_for(struct worker *worker, uint64_t number)
{
	if (given.n_keys == 0)
		return NULL;
	if (given.in_order)
		return &given.keys[number % given.n_keys];
	return &given.keys[roll(worker) % given.n_keys];
}

static int
bind_as(LDAP *ld, const char *dn, const char *password)
{
	struct berval secret = { strlen(password), (char *)password };

	return ldap_sasl_bind_s(ld, dn, LDAP_SASL_SIMPLE, &secret, NULL, NULL,
	                        NULL);
}

static LDAP *
connected(void)
{
	int version = LDAP_VERSION3;
	LDAP *ld = NULL;
	int code;

	code = ldap_initialize(&ld, given.url);
	if (code == LDAP_SUCCESS) {
		ldap_set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version);
		ldap_set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
		ldap_set_option(ld, LDAP_OPT_RESTART, LDAP_OPT_ON);
		code = bind_as(ld, given.dn != NULL ? given.dn : "",
		               given.dn != NULL ? given.password : "");
	}
	if (code != LDAP_SUCCESS)
		die("cannot connect", ldap_err2string(code));
	return ld;
}

static int
scope_of(const char *name)
{
	return strcmp(name, "base") == 0  ? LDAP_SCOPE_BASE
	       : strcmp(name, "one") == 0 ? LDAP_SCOPE_ONELEVEL
	                                  : LDAP_SCOPE_SUBTREE;
}

/* Read all entries of a search; its result and, in pages, the next cookie. */
static int
collect(struct worker *worker, int id, struct berval *cookie)
{
	LDAPMessage *message = NULL;
	LDAPControl **controls = NULL, *page;
	ber_int_t estimate;
	int code = LDAP_OTHER, type;

	for (;;) {
		type = ldap_result(worker->ld, id, LDAP_MSG_ONE, NULL,
		                   &message);
		if (type <= 0)
			return LDAP_SERVER_DOWN;
		if (type == LDAP_RES_SEARCH_RESULT)
			break;
		worker->entries += type == LDAP_RES_SEARCH_ENTRY;
		ldap_msgfree(message);
	}
	ldap_parse_result(worker->ld, message, &code, NULL, NULL, NULL,
	                  &controls, 1);
	ber_memfree(cookie->bv_val);
	cookie->bv_val = NULL;
	cookie->bv_len = 0;
	page = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, NULL);
	if (page != NULL)
		ldap_parse_pageresponse_control(worker->ld, page, &estimate,
		                                cookie);
	ldap_controls_free(controls);
	return code;
}

static int
do_search(struct worker *worker)
{
	struct berval cookie = { 0, NULL };
	LDAPControl *controls[] = { NULL, NULL };
	char *attrs[WORDS_MAX + 1] = { NULL };
	char *rest = worker->word[4];
	int code, id;

	for (int i = 0; i < WORDS_MAX && rest != NULL && *rest != '\0'; i++)
		attrs[i] = strsep(&rest, ",");
	do {
		if (given.page > 0)
			ldap_create_page_control(worker->ld,
			                         (ber_int_t)given.page, &cookie,
			                         0, &controls[0]);
		code = ldap_search_ext(worker->ld, worker->word[1],
		                       scope_of(worker->word[2]),
		                       worker->word[3], attrs, 0, controls,
		                       NULL, NULL, LDAP_NO_LIMIT, &id);
		if (code == LDAP_SUCCESS)
			code = collect(worker, id, &cookie);
		if (controls[0] != NULL)
			ldap_control_free(controls[0]);
		controls[0] = NULL;
	} while (code == LDAP_SUCCESS && cookie.bv_len > 0);
	ber_memfree(cookie.bv_val);
	return code;
}

static int
do_modify(struct worker *worker)
{
	char *values[] = { worker->word[4], NULL };
	LDAPMod mod = { .mod_op = LDAP_MOD_ADD, .mod_type = worker->word[3] };
	LDAPMod *mods[] = { &mod, NULL };

	mod.mod_values = values;
	if (strcmp(worker->word[2], "delete") == 0)
		mod.mod_op = LDAP_MOD_DELETE;
	else if (strcmp(worker->word[2], "replace") == 0)
		mod.mod_op = LDAP_MOD_REPLACE;
	return ldap_modify_ext_s(worker->ld, worker->word[1], mods, NULL, NULL);
}

/* Values of one attribute follow each other. */
static int
do_add(struct worker *worker)
{
	char *values[2 * WORDS_MAX];
	LDAPMod mod[WORDS_MAX], *mods[WORDS_MAX + 1];
	size_t n = 0, at = 0;

	for (int i = 2; i < given.n_words; i++) {
		char *value = strchr(worker->word[i], '=');

		if (value == NULL)
			die(worker->word[i], "not ATTRIBUTE=VALUE");
		*value++ = '\0';
		if (n > 0 &&
		    strcmp(mod[n - 1].mod_type, worker->word[i]) == 0) {
			values[at - 1] = value;
		} else {
			mod[n].mod_op = LDAP_MOD_ADD;
			mod[n].mod_type = worker->word[i];
			mod[n].mod_values = &values[at];
			mods[n] = &mod[n];
			n++;
			values[at++] = value;
		}
		values[at++] = NULL;
	}
	mods[n] = NULL;
	return ldap_add_ext_s(worker->ld, worker->word[1], mods, NULL, NULL);
}

static int
perform(struct worker *worker)
{
	struct berval value = { strlen(worker->word[3]), worker->word[3] };

	if (is(worker, "mixed")) {
		size_t skip =
			roll(worker) % 100 < strtoul(worker->word[1], NULL, 10)
				? MODIFY_AT
				: 2;

		if (given.n_words < MIXED_WORDS)
			die("mixed", "PERCENT SEARCH... MODIFY...");
		worker->word += skip;
		return skip == 2 ? do_search(worker) : do_modify(worker);
	}
	if (is(worker, "search"))
		return do_search(worker);
	if (is(worker, "compare"))
		return ldap_compare_ext_s(worker->ld, worker->word[1],
		                          worker->word[2], &value, NULL, NULL);
	if (is(worker, "bind"))
		return bind_as(worker->ld, worker->word[1], worker->word[2]);
	if (is(worker, "modify"))
		return do_modify(worker);
	if (is(worker, "add"))
		return do_add(worker);
	if (is(worker, "delete"))
		return ldap_delete_ext_s(worker->ld, worker->word[1], NULL,
		                         NULL);
	die(worker->word[0], "no such operation");
	return LDAP_OTHER;
}

static void
note(struct worker *worker, uint64_t ns)
{
	if (worker->n == worker->room) {
		worker->room = worker->room == 0 ? 4096 : worker->room * 2;
		worker->took_us = realloc(worker->took_us,
		                          worker->room * sizeof(uint32_t));
		if (worker->took_us == NULL)
			die("measuring", "no memory");
	}
	worker->took_us[worker->n++] = (uint32_t)(ns / 1000);
}

static void
complain(struct worker *worker, int code)
{
	static bool once;
	char *text = NULL;

	worker->wrong++;
	pthread_mutex_lock(&told);
	if (!once) {
		once = true;
		ldap_get_option(worker->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
		fprintf(stderr, "client: %s %s: %d %s %s\n", worker->text[0],
		        worker->text[1], code, ldap_err2string(code),
		        text != NULL ? text : "");
		ldap_memfree(text);
	}
	pthread_mutex_unlock(&told);
}

static bool
one(struct worker *worker)
{
	uint64_t number = atomic_fetch_add(&next_number, 1), began;
	const struct key *key;
	int code;

	if (given.operations != 0 && number >= given.operations)
		return false;
	number += given.first;
	key = key_for(worker, number);
	for (int i = 0; i < given.n_words; i++)
		expand(worker->text[i], given.words[i], key, number);
	worker->word = worker->text;
	began = now_ns();
	if (began >= stop_at)
		return false;
	code = perform(worker);
	note(worker, now_ns() - began);
	if (code != given.expected)
		complain(worker, code);
	return true;
}

static void *
work(void *arg)
{
	struct worker *worker = arg;

	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	while (one(worker))
		continue;
	pthread_barrier_wait(&gate);
	return NULL;
}

static int
compare_times(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
report(struct worker *workers, uint64_t ns)
{
	uint64_t entries = 0, wrong = 0;
	uint32_t *all;
	size_t n = 0, at = 0;

	for (unsigned int i = 0; i < given.threads; i++)
		n += workers[i].n;
	all = calloc(n + 1, sizeof(*all));
	if (all == NULL)
		die("measuring", "no memory");
	for (unsigned int i = 0; i < given.threads; i++) {
		if (workers[i].n > 0)
			memcpy(all + at, workers[i].took_us,
			       workers[i].n * sizeof(*all));
		at += workers[i].n;
		entries += workers[i].entries;
		wrong += workers[i].wrong;
	}
	qsort(all, n, sizeof(*all), compare_times);
	printf("{\"operations\": %zu, \"wrong\": %llu, \"entries\": %llu, "
	       "\"seconds\": %.6f, \"p50_us\": %u, \"p99_us\": %u, "
	       "\"max_us\": %u}\n",
	       n, (unsigned long long)wrong, (unsigned long long)entries,
	       (double)ns / (double)NS_IN_S, all[n / 2], all[n * 99 / 100],
	       all[n > 0 ? n - 1 : 0]);
	free(all);
}

static void
read_options(int argc, char *argv[])
{
	int option;

	while ((option = getopt(argc, argv, "+H:D:w:t:s:n:o:f:e:z:qg")) != -1) {
		switch (option) {
		case 'H':
			given.url = optarg;
			break;
		case 'D':
			given.dn = optarg;
			break;
		case 'w':
			given.password = optarg;
			break;
		case 't':
			given.threads = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 's':
			given.seconds = strtod(optarg, NULL);
			break;
		case 'n':
			given.operations = strtoull(optarg, NULL, 10);
			break;
		case 'o':
			given.first = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			read_keys(optarg);
			break;
		case 'e':
			given.expected = (int)strtol(optarg, NULL, 10);
			break;
		case 'z':
			given.page = (unsigned int)strtoul(optarg, NULL, 10);
			break;
		case 'q':
			given.in_order = true;
			break;
		case 'g':
			given.wait = true;
			break;
		default:
			exit(2);
		}
	}
	given.words = argv + optind;
	given.n_words = argc - optind;
	if (given.n_words < 2 || given.n_words > WORDS_MAX)
		die("usage", "client [OPTION...] OPERATION, see its source");
	if (given.threads < 1 || given.threads > THREADS_MAX)
		die("-t", "1 to 2048 threads");
}

static void
start(struct worker *workers)
{
	pthread_attr_t small;

	pthread_barrier_init(&gate, NULL, given.threads + 1);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK_BYTES);
	for (unsigned int i = 0; i < given.threads; i++) {
		workers[i].dice =
			UINT64_C(0x9e3779b97f4a7c15) * (i + 1) + given.first;
		workers[i].ld = connected();
		if (pthread_create(&workers[i].thread, &small, work,
		                   &workers[i]) != 0)
			die("threads", "cannot be made");
	}
	pthread_attr_destroy(&small);
	pthread_barrier_wait(&gate);
}

int
main(int argc, char *argv[])
{
	struct worker *workers;
	uint64_t began;
	char line[16];

	signal(SIGPIPE, SIG_IGN); /* a server may close a connection */
	read_options(argc, argv);
	workers = calloc(given.threads, sizeof(*workers));
	if (workers == NULL)
		die("threads", "no memory");
	start(workers);
	if (given.wait) {
		puts("ready");
		fflush(stdout);
		if (fgets(line, sizeof(line), stdin) == NULL)
			return 2;
	}
	began = now_ns();
	stop_at = began + (uint64_t)(given.seconds * (double)NS_IN_S);
	pthread_barrier_wait(&gate);
	pthread_barrier_wait(&gate);
	report(workers, now_ns() - began);
	fflush(stdout);
	if (given.wait)
		(void)!fgets(line, sizeof(line), stdin);
	for (unsigned int i = 0; i < given.threads; i++) {
		pthread_join(workers[i].thread, NULL);
		ldap_unbind_ext_s(workers[i].ld, NULL, NULL);
		free(workers[i].took_us);
	}
	free(workers);
	return 0;
}
