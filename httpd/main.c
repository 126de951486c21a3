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
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "httpd/certificate.h"
#include "httpd/files.h"
#include "httpd/house.h"
#include "httpd/locale.h"
#include "httpd/mail.h"
#include "httpd/overview.h"
#include "httpd/preview.h"
#include "httpd/rate.h"
#include "httpd/route.h"
#include "httpd/serve.h"
#include "httpd/service.h"
#include "httpd/template.h"
#include "store/memory.h"

#define EXIT_CONFIG    2
#define EXIT_BROKEN    70 /* start again: another start may go well */
#define DEFAULT_SERVER 15 /* id in the CSNs of processes that are not slapd */

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

static int64_t
clock_s(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
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
	err = rst_setting_get(&txn, "suffix", &value);
	if (err == RST_ENOTFOUND) {
		rst_detail_set(why, "the directory has no suffix yet: run "
		                    "rosterctl init");
		err = RST_ESTATE;
	}
	if (err != RST_OK)
		goto out;
	err = rst_setting_get(&txn, "foreign-id", &value);
	if (err == RST_OK && !rst_view_number(value, 4095, &number)) {
		rst_detail_set(why, "setting foreign-id is no server id");
		err = RST_ECORRUPT;
	} else if (err == RST_ENOTFOUND) {
		err = RST_OK;
	}
out:
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
	err = rst_setting_get(&txn.r, "mail-url", &value);
	same = rst_view_equal(err == RST_OK ? value : RST_VIEW(""),
	                      rst_view_of(url));
	rst_read_end(&txn.r);
	if (err != RST_OK && err != RST_ENOTFOUND)
		return err;
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
	struct house house;
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
	daemon->house = (struct house){ .running = false };
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

/* Another start may go well, with nothing changed by anybody. */
static bool
may_pass(enum rst_err err)
{
	return err == RST_EIO || err == RST_ENOMEM || err == RST_EFULL ||
	       err == RST_EBUSY;
}

int
main(int argc, char *argv[])
{
	struct command command = { .mail = { .language = "" } };
	struct daemon daemon = { .command = &command };
	struct rst_detail why = { "" };
	sigset_t signals;
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
	atomic_store(&daemon.server.metrics.started_s, clock_s());
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
	if (atomic_load(&daemon.server.broken) || may_pass(err))
		return EXIT_BROKEN;
	return err == RST_OK ? 0 : EXIT_CONFIG;
}
