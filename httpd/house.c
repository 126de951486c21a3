/* SPDX-License-Identifier: OLDAP-2.8 */
/* house.c - what rosterd does by itself, every few seconds */
#include "httpd/house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "httpd/certificate.h"
#include "lifecycle/attempt.h"
#include "lifecycle/audit.h"
#include "lifecycle/replica.h"
#include "rules/clock.h"
#include "store/answer.h"

#define ROUND_S          5
#define SWEEP_EVERY      12   /* rounds */
#define SWEEP_AGAIN      720  /* rounds, after the clock was set */
#define SESSIONS_EVERY   60   /* rounds */
#define HEAD_EVERY       720  /* rounds: an hour */
#define ACCOUNTS_AT_ONCE 100  /* ended by one round */
#define JOURNAL_AT_ONCE  1000 /* rows removed in one transaction */
#define JOURNAL_CHUNKS   100  /* transactions of one round */
#define SESSIONS_AT_ONCE 200  /* dropped in one transaction */

static void
drop_sessions(struct rst_env *env, int64_t now_s)
{
	struct rst_wtxn txn;
	enum rst_err err;

	err = rst_write_begin(env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return; /* the next round will do */
	err = rst_session_drop_expired(&txn, now_s, SESSIONS_AT_ONCE);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	if (err != RST_OK)
		http_log(4, "dropping old sessions: %s", rst_strerror(err));
}

/* Those kept for who asks again: secrets among them stay no longer than they
 * must. */
static void
drop_answers(struct rst_env *env, int64_t now_s)
{
	struct rst_wtxn txn;
	bool any;
	enum rst_err err;

	err = rst_read_begin(env, &txn.r);
	if (err != RST_OK)
		return; /* the next round will do */
	any = rst_answer_any_old(&txn.r, now_s);
	rst_read_end(&txn.r);
	if (!any || rst_write_begin(env, RST_WRITE_FREEING, &txn) != RST_OK)
		return;
	err = rst_answer_sweep(&txn, now_s, NULL);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	if (err != RST_OK)
		http_log(4, "dropping old answers: %s", rst_strerror(err));
}

/* What expires early or late because the clock was set finds its reason in
 * the log. */
static bool
look_at_clock(struct rule_clock *clock)
{
	struct timespec now, since_start;
	int64_t by_s;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &since_start);
	by_s = rule_clock_set(clock, now.tv_sec, since_start.tv_sec);
	if (by_s != 0)
		http_log(4, "the clock was set by %+lld seconds",
		         (long long)by_s);
	return by_s != 0;
}

/* Nobody acts, by the passing of time. */
static struct act_ctx
time_passes(const struct http_server *server)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (struct act_ctx){
		.env = server->env,
		.door = RST_DOOR_SYSTEM,
		.now_s = now.tv_sec,
		.now_us = (uint32_t)(now.tv_nsec / 1000),
		.server_id = server->server_id,
	};
}

static void
drop_old(const struct http_server *server)
{
	int64_t now_s = time_passes(server).now_s;

	drop_sessions(server->env, now_s);
	drop_answers(server->env, now_s);
}

/* The journal's old records and images go, some at a time. */
static void
keep_journal(const struct http_server *server)
{
	const struct act_ctx ctx = time_passes(server);
	size_t n = JOURNAL_AT_ONCE, all = 0;
	enum rst_err err = RST_OK;

	for (int i = 0;
	     err == RST_OK && i < JOURNAL_CHUNKS && n == JOURNAL_AT_ONCE; i++) {
		err = audit_keep(&ctx, JOURNAL_AT_ONCE, &n);
		all += n;
	}
	if (err != RST_OK && err != RST_EBUSY)
		http_log(4, "removing old journal records: %s",
		         rst_strerror(err));
	if (all > 0)
		http_log(5, "%zu old journal rows removed", all);
}

/* As syslog(3) writes it, to a socket of somebody's own choice: journald's, or
 * one that a forwarder to another machine listens on. */
static bool
send_datagram(const char *path, const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char line[128 + RST_JOURNAL_HEAD_TEXT];
	int fd, n;
	bool sent;

	n = snprintf(line, sizeof(line), "<%d>rosterd[%d]: %s",
	             LOG_AUTHPRIV | LOG_NOTICE, (int)getpid(), text);
	if (!rst_view_copy(rst_view_of(path), address.sun_path,
	                   sizeof(address.sun_path)))
		return false;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	sent = sendto(fd, line, (size_t)n, MSG_NOSIGNAL,
	              (const struct sockaddr *)&address, sizeof(address)) == n;
	(void)close(fd);
	return sent;
}

static void
ship(const char *to, const char *text)
{
	if (strcmp(to, "syslog") == 0)
		syslog(LOG_AUTHPRIV | LOG_NOTICE, "%s", text);
	else if (strcmp(to, "none") != 0 &&
	         !send_datagram(to + sizeof(HTTP_UNIX) - 1, text))
		http_log(4, "head_log: %s takes nothing", to);
}

/*
 * Who has this line from elsewhere can tell later that nothing before it was
 * changed: rosterctl audit verify --head takes it.  Our own log has it too,
 * unless that is the same journal.
 */
static void
tell_head(const struct http_server *server)
{
	char text[RST_JOURNAL_HEAD_TEXT], line[32 + RST_JOURNAL_HEAD_TEXT];
	struct rst_journal_head head;
	struct rst_rtxn txn;
	enum rst_err err;

	err = rst_read_begin(server->env, &txn);
	if (err == RST_OK) {
		err = rst_journal_head(&txn, &head);
		rst_read_end(&txn);
	}
	if (err != RST_OK) {
		http_log(4, "the journal's head: %s", rst_strerror(err));
		return;
	}
	rst_journal_head_print(&head, text);
	(void)snprintf(line, sizeof(line), "journal head %s", text);
	ship(server->config->head_log, line);
	if (getenv("JOURNAL_STREAM") == NULL)
		http_log(5, "journal head %s", text);
}

/* What time does to accounts comes to a replica from its provider. */
static bool
time_is_ours(const struct http_server *server)
{
	struct rst_rtxn txn;
	bool is = true;

	/* what cannot be read is tried again in a while */
	if (rst_read_begin(server->env, &txn) != RST_OK)
		return false;
	(void)!replica_is(&txn, &is);
	rst_read_end(&txn);
	return !is;
}

/* Who came to his end is out already; what he leaves ends for good. */
static void
sweep_due(const struct http_server *server)
{
	const struct act_ctx ctx = time_passes(server);
	struct act_refusal refusal = { 0 };
	enum rst_err err;
	size_t n;

	if (!time_is_ours(server))
		return;
	err = act_sweep_due(&ctx, &n, NULL, &refusal);
	if (err != RST_OK && err != RST_EBUSY)
		http_log(4, "what follows from the end of accounts: %s",
		         rst_strerror(err));
	if (n > 0)
		http_log(5, "%zu accounts came to their end", n);
}

/* What time does to accounts. */
static void
sweep(const struct http_server *server, uint64_t *walk,
      uint64_t *walk_passwords)
{
	const struct act_ctx ctx = time_passes(server);
	struct act_refusal refusal = { 0 };
	enum rst_err err;
	size_t n;

	if (!time_is_ours(server))
		return;
	err = act_sweep(&ctx, ACCOUNTS_AT_ONCE, &n, &refusal);
	if (err != RST_OK && err != RST_EBUSY)
		http_log(4, "ending accounts whose time is over: %s%s%s",
		         rst_strerror(err),
		         refusal.verdict != RULE_OK ? ", " : "",
		         refusal.verdict != RULE_OK
		                 ? rule_verdict_code(refusal.verdict)
		                 : "");
	if (n > 0)
		http_log(5, "%zu accounts ended: their time was over", n);
	err = act_sweep_idle(&ctx, walk, &n, &refusal);
	if (err != RST_OK && err != RST_EBUSY)
		http_log(4, "suspending idle accounts: %s", rst_strerror(err));
	if (n > 0)
		http_log(5, "%zu accounts suspended: nobody used them", n);
	err = act_sweep_passwords(&ctx, walk_passwords, &n, &refusal);
	if (err != RST_OK && err != RST_EBUSY)
		http_log(4, "warning of passwords that expire: %s",
		         rst_strerror(err));
}

/* Failed sign-ins reach the journal added up; all that wait when we end. */
static void
report_failures(const struct http_server *server, bool all)
{
	const struct act_ctx ctx = time_passes(server);
	enum rst_err err = attempt_report(&ctx, all);

	if (err != RST_OK && err != RST_EBUSY)
		http_log(4, "journaling failed sign-ins: %s",
		         rst_strerror(err));
}

static void *
keep_house(void *arg)
{
	struct house *house = arg;
	struct rule_clock clock = { 0 };
	uint64_t walk = 0, walk_passwords = 0;
	unsigned int round = 0, not_before = 0;
	struct timespec until;

	pthread_mutex_lock(&house->lock);
	while (!house->stop) {
		pthread_mutex_unlock(&house->lock);
		rst_env_clear_stale(house->server->env);
		certificate_watch(house->server->config);
		report_failures(house->server, false);
		/* A clock that was set wrong is noticed by people, and purging
		 * cannot be taken back. */
		if (look_at_clock(&clock))
			not_before = round + SWEEP_AGAIN;
		if (round % SESSIONS_EVERY == 0)
			drop_old(house->server);
		if (round >= not_before)
			sweep_due(house->server);
		if (round % SWEEP_EVERY == 0 && round >= not_before) {
			sweep(house->server, &walk, &walk_passwords);
			keep_journal(house->server);
		}
		if (round % HEAD_EVERY == 0)
			tell_head(house->server);
		round++;
		pthread_mutex_lock(&house->lock);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += ROUND_S;
		if (!house->stop)
			pthread_cond_clockwait(&house->stopped, &house->lock,
			                       CLOCK_MONOTONIC, &until);
	}
	pthread_mutex_unlock(&house->lock);
	return NULL;
}

bool
house_start(struct house *house, const struct http_server *server)
{
	house->server = server;
	pthread_mutex_init(&house->lock, NULL);
	pthread_cond_init(&house->stopped, NULL);
	house->running =
		pthread_create(&house->thread, NULL, keep_house, house) == 0;
	return house->running;
}

void
house_stop(struct house *house)
{
	if (!house->running)
		return;
	pthread_mutex_lock(&house->lock);
	house->stop = true;
	pthread_cond_signal(&house->stopped);
	pthread_mutex_unlock(&house->lock);
	pthread_join(house->thread, NULL);
	house->running = false;
	report_failures(house->server, true);
	tell_head(house->server);
}
