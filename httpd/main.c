/* SPDX-License-Identifier: OLDAP-2.8 */
/* main.c - rosterd: options, configuration, start and end */
#include <argp.h>
#include <config.h>
#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "httpd/certificate.h"
#include "httpd/files.h"
#include "httpd/locale.h"
#include "httpd/mail.h"
#include "httpd/overview.h"
#include "httpd/preview.h"
#include "httpd/rate.h"
#include "httpd/route.h"
#include "httpd/serve.h"
#include "httpd/service.h"
#include "httpd/template.h"
#include "lifecycle/attempt.h"
#include "lifecycle/audit.h"
#include "lifecycle/replica.h"
#include "rules/clock.h"
#include "store/answer.h"
#include "store/memory.h"

#define HOUSEKEEPING_S   5
#define SWEEP_EVERY      12   /* rounds of housekeeping */
#define SWEEP_AGAIN      720  /* rounds, after the clock was set */
#define SESSIONS_EVERY   60   /* rounds of housekeeping */
#define ACCOUNTS_AT_ONCE 100  /* ended by one round */
#define HEAD_EVERY       720  /* rounds of housekeeping: an hour */
#define JOURNAL_AT_ONCE  1000 /* rows removed in one transaction */
#define JOURNAL_CHUNKS   100  /* transactions of one round */
#define SESSIONS_AT_ONCE 200  /* dropped in one transaction */
#define EXIT_CONFIG      2
#define EXIT_BROKEN      70 /* the environment must be opened anew */
#define DEFAULT_SERVER   15 /* id in the CSNs of processes that are not slapd */

/* libc looks for it by name, so it cannot be hidden like all else. */
__attribute__((visibility("default"))) const char *argp_program_version =
	"rosterd " PACKAGE_VERSION;

/* What the command line says. */
struct command {
	const char *file;  /* NULL: the default, which may be missing */
	const char *state; /* NULL: as configured */
	/* Print this mail and exit, when it has a name. */
	struct mail_preview mail;
};

enum { /* options without a letter */
	OPTION_ROUTES = 256,
	OPTION_MAIL,
	OPTION_HTML,
	OPTION_LANGUAGE,
};

static const struct argp_option options[] = {
	{ "config", 'c', "FILE", 0, "Read FILE (" HTTP_CONFIG_FILE ")", 0 },
	{ "state", 's', "DIR", 0, "Use the environment in DIR", 0 },
	{ "foreground", 'f', NULL, 0,
	  "Stay in the foreground (always; accepted for scripts)", 0 },
	{ "routes", OPTION_ROUTES, NULL, 0,
	  "Print every route with who may use it, and exit", 0 },
	{ "mail", OPTION_MAIL, "NAME", 0,
	  "Print the mail of this name with values as they may be, and exit",
	  0 },
	{ "html", OPTION_HTML, NULL, 0, "Of --mail the HTML, not the text", 0 },
	{ "language", OPTION_LANGUAGE, "TAG", 0,
	  "Of --mail the language (default: the site's)", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static error_t
parse_option(int key, char *value, struct argp_state *state)
{
	struct command *command = state->input;

	switch (key) {
	case 'c':
		command->file = value;
		return 0;
	case 's':
		command->state = value;
		return 0;
	case 'f':
		return 0;
	case OPTION_ROUTES:
		http_routes_print(stdout);
		exit(fflush(stdout) == 0 ? 0 : EXIT_BROKEN);
	case OPTION_MAIL:
		command->mail.name = value;
		return 0;
	case OPTION_HTML:
		command->mail.html = true;
		return 0;
	case OPTION_LANGUAGE:
		command->mail.language = value;
		return 0;
	default: /* ARGP_KEY_* are no enum */
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse_option,
	.doc = "Registration, invitations and approvals for a Roster "
	       "directory, over HTTP.",
};

/* Memory holds passwords and the journal's key. */
static void
harden(void)
{
	rst_memory_private();
	umask(0007);
	signal(SIGPIPE, SIG_IGN);
}

static enum rst_err
read_config(const struct command *command, struct http_config *config,
            struct rst_detail *why)
{
	bool given = command->file != NULL;
	enum rst_err err;

	err = http_config_read(config, given ? command->file : HTTP_CONFIG_FILE,
	                       !given, why);
	if (err == RST_OK)
		err = http_config_environment(config, environ, why);
	if (err == RST_OK && command->state != NULL)
		err = http_config_set(config, "server", "state", command->state,
		                      why);
	if (err == RST_OK)
		err = http_config_check(config, why);
	return err;
}

/* The thread that keeps house; stopped through its condition. */
struct housekeeping {
	const struct http_server *server;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool running, stop;
};

static int64_t
clock_s(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

static void
drop_sessions(struct rst_env *env)
{
	struct rst_wtxn txn;
	enum rst_err err;

	err = rst_write_begin(env, RST_WRITE_FREEING, &txn);
	if (err != RST_OK)
		return; /* the next round will do */
	err = rst_session_drop_expired(&txn, clock_s(), SESSIONS_AT_ONCE);
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	if (err != RST_OK)
		http_log(4, "dropping old sessions: %s", rst_strerror(err));
}

/* Those kept for who asks again: secrets among them stay no longer than they
 * must. */
static void
drop_answers(struct rst_env *env)
{
	int64_t now_s = clock_s();
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
	struct housekeeping *house = arg;
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
			drop_sessions(house->server->env);
		if (round % SESSIONS_EVERY == 0)
			drop_answers(house->server->env);
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
		until.tv_sec += HOUSEKEEPING_S;
		if (!house->stop)
			pthread_cond_clockwait(&house->stopped, &house->lock,
			                       CLOCK_MONOTONIC, &until);
	}
	pthread_mutex_unlock(&house->lock);
	return NULL;
}

static bool
house_start(struct housekeeping *house, const struct http_server *server)
{
	house->server = server;
	pthread_mutex_init(&house->lock, NULL);
	pthread_cond_init(&house->stopped, NULL);
	house->running =
		pthread_create(&house->thread, NULL, keep_house, house) == 0;
	return house->running;
}

static void
house_stop(struct housekeeping *house)
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

/* The server id of our CSNs; the suffix must be there too. */
static enum rst_err
read_settings(struct http_server *server, struct rst_detail *why)
{
	struct rst_view value;
	struct rst_rtxn txn;
	uint64_t number = DEFAULT_SERVER;
	enum rst_err err;

	err = rst_read_begin(server->env, &txn);
	if (err != RST_OK)
		return err;
	if (rst_setting_get(&txn, "suffix", &value) != RST_OK) {
		rst_detail_set(why, "the directory has no suffix yet: run "
		                    "rosterctl init");
		err = RST_ESTATE;
	} else if (rst_setting_get(&txn, "foreign-id", &value) == RST_OK &&
	           !rst_view_number(value, 4095, &number)) {
		rst_detail_set(why, "setting foreign-id is no server id");
		err = RST_ECORRUPT;
	}
	rst_read_end(&txn);
	server->server_id = (unsigned int)number;
	return err;
}

/* Whoever ends an account knows by it that mail about it can be sent, and
 * what link to name. */
static enum rst_err
leave_mail_url(const struct http_server *server)
{
	const char *url = server->config->smtp_url != NULL
	                          ? server->config->site.url
	                          : "";
	struct rst_view value;
	struct rst_wtxn txn;
	bool same;
	enum rst_err err;

	err = rst_read_begin(server->env, &txn.r);
	if (err != RST_OK)
		return err;
	if (rst_setting_get(&txn.r, "mail-url", &value) != RST_OK)
		value = RST_VIEW("");
	same = rst_view_equal(value, rst_view_of(url));
	rst_read_end(&txn.r);
	if (same)
		return RST_OK;
	err = rst_write_begin(server->env, RST_WRITE_FREEING, &txn);
	if (err == RST_OK)
		err = rst_setting_put(&txn, "mail-url", rst_view_of(url));
	if (err == RST_OK)
		err = rst_write_commit(&txn);
	rst_write_abort(&txn);
	return err;
}

/* What is read from the folders of the configuration. */
struct parts {
	struct http_templates *templates;
	struct http_locales *locales;
	struct http_files *files;
};

static void
free_parts(struct parts *parts)
{
	http_files_free(parts->files);
	http_locales_free(parts->locales);
	http_templates_free(parts->templates);
	*parts = (struct parts){ NULL, NULL, NULL };
}

static enum rst_err
load_parts(const struct http_config *config, struct parts *parts,
           struct rst_detail *why)
{
	enum rst_err err;

	err = http_templates_load(config->templates, config->overrides,
	                          &parts->templates, why);
	if (err == RST_OK)
		err = http_locales_load(config->locale, config->overrides,
		                        parts->templates, &parts->locales, why);
	if (err == RST_OK)
		err = http_files_load(config->static_files, config->overrides,
		                      &parts->files, why);
	return err;
}

/* All that runs, and what it runs with. */
struct daemon {
	const struct command *command;
	struct http_server server;
	struct http_config configs[2]; /* one of them is in use */
	struct parts parts;
	struct housekeeping house;
	struct serve *serve;
	bool inherited; /* the socket is systemd's */
};

/* systemd's socket, or our own. */
static enum rst_err
open_socket(struct daemon *daemon, struct rst_detail *why)
{
	const struct http_config *config = daemon->server.config;
	enum rst_err err;

	err = service_socket(&daemon->server.listen_fd, why);
	if (err != RST_OK)
		return err;
	daemon->inherited = daemon->server.listen_fd >= 0;
	if (!daemon->inherited)
		daemon->server.listen_fd = listen_open(&config->on, why);
	else if (config->plain && !listen_is_local(daemon->server.listen_fd)) {
		rst_detail_set(why, "without tls_certificate and tls_key the "
		                    "socket must be a unix socket, or on a "
		                    "loopback address");
		return RST_EINVALID;
	}
	return daemon->server.listen_fd >= 0 ? RST_OK : RST_EINVALID;
}

static void
close_socket(struct daemon *daemon)
{
	const struct http_config *config = daemon->server.config;

	if (daemon->server.listen_fd < 0)
		return;
	close(daemon->server.listen_fd);
	if (!daemon->inherited && config->on.is_unix)
		unlink(config->on.where);
}

/* Everything but environment and socket, which stay while it reloads. */
static enum rst_err
start(struct daemon *daemon, struct rst_detail *why)
{
	struct http_server *server = &daemon->server;
	enum rst_err err;

	server->templates = daemon->parts.templates;
	server->locales = daemon->parts.locales;
	server->files = daemon->parts.files;
	if (leave_mail_url(server) != RST_OK)
		http_log(4, "whether mail can be sent is not written down");
	err = mail_worker_start(server->config, server->env, server->server_id,
	                        server->locales, &server->mail);
	if (err == RST_OK && !house_start(&daemon->house, server))
		err = RST_ENOMEM;
	if (err == RST_OK)
		err = serve_start(server, &daemon->serve, why);
	if (err != RST_OK)
		return err;
	http_log(5, "serving %s on %s, port %u", server->config->site.url,
	         daemon->inherited ? "the socket given"
	                           : server->config->listen,
	         serve_port(daemon->serve));
	service_notify("READY=1");
	return RST_OK;
}

static void
stop(struct daemon *daemon)
{
	serve_stop(daemon->serve);
	daemon->serve = NULL;
	mail_worker_stop(daemon->server.mail);
	daemon->server.mail = NULL;
	house_stop(&daemon->house);
	daemon->house = (struct housekeeping){ .running = false };
}

/*
 * SIGHUP: the configuration and all that it names anew.  What was begun is
 * answered, who comes meanwhile waits at the socket.  When anything of it
 * cannot be used, everything stays as it was.
 */
static enum rst_err
reload(struct daemon *daemon, struct rst_detail *ret_why)
{
	const struct http_config *old = daemon->server.config;
	struct http_config *fresh =
		&daemon->configs[old == &daemon->configs[0]];
	struct parts parts = { NULL, NULL, NULL };
	struct rst_detail why = { "" };
	enum rst_err err;

	service_notify("RELOADING=1");
	*fresh = (struct http_config){ NULL };
	err = read_config(daemon->command, fresh, &why);
	if (err == RST_OK && (strcmp(fresh->state, old->state) != 0 ||
	                      strcmp(fresh->listen, old->listen) != 0)) {
		rst_detail_set(&why, "state and listen need a new start");
		err = RST_EINVALID;
	}
	if (err == RST_OK)
		err = load_parts(fresh, &parts, &why);
	if (err == RST_OK && !fresh->plain)
		err = certificate_load(fresh, &why);
	if (err != RST_OK) {
		http_log(3, "not reloaded: %s",
		         why.text[0] != '\0' ? why.text : rst_strerror(err));
		free_parts(&parts);
		http_config_release(fresh);
		service_notify("READY=1");
		return RST_OK;
	}
	stop(daemon);
	free_parts(&daemon->parts);
	daemon->parts = parts;
	daemon->server.config = fresh;
	http_config_release(&daemon->configs[fresh == &daemon->configs[0]]);
	http_log(5, "reloaded");
	return start(daemon, ret_why);
}

/* rosterd --mail: beside the one that serves, which need not run. */
static enum rst_err
print_mail(const struct command *command, const struct http_config *config,
           struct rst_detail *why)
{
	struct mail_preview asked = command->mail;
	struct parts parts = { NULL, NULL, NULL };
	struct rst_env *env = NULL;
	enum rst_err err;

	asked.now_s = clock_s();
	err = rst_env_open(config->state, NULL, &env, why);
	if (err == RST_OK)
		err = load_parts(config, &parts, why);
	if (err == RST_OK)
		err = mail_preview(parts.locales, env, &config->site, &asked,
		                   why);
	if (err == RST_OK && fflush(stdout) != 0)
		err = RST_EIO;
	free_parts(&parts);
	rst_env_close(env);
	return err;
}

/* Serve until a signal says to end. */
static enum rst_err
run(struct daemon *daemon, const sigset_t *signals, struct rst_detail *why)
{
	struct http_server *server = &daemon->server;
	enum rst_err err;
	int sig = 0;

	err = rst_env_open(server->config->state, NULL, &server->env, why);
	if (err == RST_OK) {
		rst_env_set_clock(server->env, clock_s);
		rst_env_on_lost(server->env, http_server_broken, server);
	}
	if (err == RST_OK)
		err = read_settings(server, why);
	if (err == RST_OK)
		err = load_parts(server->config, &daemon->parts, why);
	server->rate = rate_new();
	server->overview = overview_new();
	if (err == RST_OK && (server->overview == NULL || server->rate == NULL))
		err = RST_ENOMEM;
	if (err == RST_OK)
		err = open_socket(daemon, why);
	if (err == RST_OK)
		err = start(daemon, why);
	while (err == RST_OK && sigwait(signals, &sig) == 0 && sig == SIGHUP)
		err = reload(daemon, why);
	if (err == RST_OK)
		http_log(5, "ending");
	service_notify("STOPPING=1");
	stop(daemon);
	certificate_release();
	close_socket(daemon);
	overview_free(server->overview);
	rate_free(server->rate);
	free_parts(&daemon->parts);
	rst_env_close(server->env);
	return err;
}

int
main(int argc, char *argv[])
{
	struct command command = { .mail = { .language = "" } };
	struct daemon daemon = { .command = &command };
	struct rst_detail why = { "" };
	sigset_t signals;
	struct timespec now;
	enum rst_err err;

	argp_parse(&argp, argc, argv, 0, NULL, &command);
	harden();
	openlog("rosterd", LOG_PID, LOG_AUTHPRIV);
	if (sodium_init() < 0 || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		fprintf(stderr, "rosterd: the libraries cannot start\n");
		return EXIT_BROKEN;
	}
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	daemon.server.config = &daemon.configs[0];
	daemon.server.listen_fd = -1;
	clock_gettime(CLOCK_REALTIME, &now);
	atomic_store(&daemon.server.metrics.started_s, now.tv_sec);
	err = read_config(&command, &daemon.configs[0], &why);
	if (err == RST_OK)
		err = command.mail.name != NULL
		              ? print_mail(&command, &daemon.configs[0], &why)
		              : run(&daemon, &signals, &why);
	if (err != RST_OK)
		fprintf(stderr, "rosterd: %s\n",
		        why.text[0] != '\0' ? why.text : rst_strerror(err));
	http_config_release(&daemon.configs[0]);
	http_config_release(&daemon.configs[1]);
	curl_global_cleanup();
	if (atomic_load(&daemon.server.broken))
		return EXIT_BROKEN;
	return err == RST_OK ? 0 : EXIT_CONFIG;
}
