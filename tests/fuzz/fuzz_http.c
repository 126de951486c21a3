/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_http.c - rosterd whole, in this process: all bytes of one connection
 *
 * rosterd's main() runs in a thread, with an environment of its own and a unix
 * socket.  An input is sent as it is, but for {TOKEN}, which becomes an
 * administrator's API token: so a corpus gets behind the door.  rosterd must go
 * on, and never answer that it failed.
 */
#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lifecycle/acts.h"
#include "tests/fuzz/fuzz.h"

#define PLACE      "{TOKEN}"
#define ANSWER_MAX 65536 /* bytes that are looked at */
#define SENT_MAX   (1 << 20)
#define ANSWER_MS  60000
#define SILENCE_MS 100 /* after an input: it waits for more */
#define START_MS   60000
#define PAUSE_MS   10
#define MAP_BYTES  ((size_t)64 << 20)
#define PASSWORD   "correct horse battery staple"
#define PATH_BYTES 64

/* Ends what an input began, and the connection. */
#define LAST                                                                   \
	"\r\n\r\nGET /healthz HTTP/1.1\r\nHost: roster.example.org\r\n"        \
	"Connection: close\r\n\r\n"

int rosterd_main(int argc, char *argv[]); /* httpd/main.c's main() */

static char directory[PATH_BYTES], token[RULE_TOKEN_TEXT];
static struct sockaddr_un where = { .sun_family = AF_UNIX };
static pthread_t thread;

/* ------------------------------------------------------- the environment */

static void
must(enum rst_err err, const char *what, const struct act_refusal *refusal)
{
	if (err == RST_OK)
		return;
	fprintf(stderr, "%s: %s %s\n", what, rst_strerror(err),
	        rule_verdict_code(refusal->verdict));
	abort();
}

static void
set_up(const struct act_ctx *given)
{
	const struct act_person person = {
		.username = RST_VIEW("ada"),
		.given_name = RST_VIEW("Ada"),
		.surname = RST_VIEW("Lovelace"),
		.mail = RST_VIEW("ada@example.org"),
		.password = RST_VIEW(PASSWORD),
	};
	const struct act_token wanted = { .name = RST_VIEW("fuzz") };
	static const enum rule_setting_id unlimited[] = {
		RULE_SETTING_REQUEST_LIMIT_ADDRESS,
		RULE_SETTING_REQUEST_LIMIT_USER,
		RULE_SETTING_REGISTRATION_LIMIT,
	};
	struct act_refusal refusal = { 0 };
	struct act_ctx ctx = *given;
	char first[RST_TOKEN_TEXT];
	struct rst_wtxn txn;
	uint64_t ada, id;

	must(rst_write_begin(ctx.env, RST_WRITE_ORDINARY, &txn), "write",
	     &refusal);
	must(rst_setting_put(&txn, "lifecycle", RST_VIEW("on")), "lifecycle",
	     &refusal);
	must(rst_write_commit(&txn), "commit", &refusal);
	must(act_init(&ctx, RST_VIEW("dc=example,dc=org"), RST_VIEW("Example"),
	              &refusal),
	     "init", &refusal);
	must(act_bootstrap_token(&ctx, first, &refusal), "a link", &refusal);
	must(act_bootstrap(&ctx, rst_view_of(first), &person, &ada, &refusal),
	     "bootstrap", &refusal);
	for (size_t i = 0; i < sizeof(unlimited) / sizeof(unlimited[0]); i++)
		must(act_set(&ctx, RST_VIEW(""), unlimited[i], RST_VIEW("0"),
		             &refusal),
		     "a setting", &refusal);
	ctx.actor = RST_VIEW("uid=ada,ou=people,dc=example,dc=org");
	must(act_token_create(&ctx, ada, &wanted, token, &id, &refusal),
	     "a token", &refusal);
}

static void
make_environment(const char *path)
{
	struct rst_env_options options = { .create = true,
		                           .map_bytes = MAP_BYTES };
	struct act_ctx ctx = { .door = RST_DOOR_CLI, .server_id = 15 };
	struct act_refusal refusal = { 0 };
	struct rst_detail why = { "" };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	ctx.now_s = now.tv_sec;
	ctx.now_us = (uint32_t)(now.tv_nsec / 1000);
	must(rst_env_open(path, &options, &ctx.env, &why), why.text, &refusal);
	set_up(&ctx);
	rst_env_close(ctx.env);
}

/* ---------------------------------------------------------------- rosterd */

static void
write_conf(const char *path)
{
	const char *source = getenv("top_srcdir");
	FILE *file = fopen(path, "w");

	FUZZ_MUST(file != NULL && source != NULL);
	fprintf(file,
	        "[server]\nstate = %s/state\nlisten = unix:%s/socket\n"
	        "public_url = https://roster.example.org/\nhead_log = none\n"
	        "metrics = anybody\n[data]\ntemplates = %s/httpd/templates\n"
	        "static = %s/httpd/static\nlocale = %s/httpd/locale\n"
	        "overrides = %s/none\n",
	        directory, directory, source, source, source, directory);
	FUZZ_MUST(fclose(file) == 0);
}

static void *
run(void *conf)
{
	char name[] = "rosterd", option[] = "--config";
	char *argv[] = { name, option, conf, NULL };

	/* it ends by itself only when it cannot begin */
	FUZZ_MUST(rosterd_main(3, argv) == 0);
	return NULL;
}

/* libFuzzer's clock comes by in every call that waits. */
#define AGAIN(n, call)                                                         \
	do                                                                     \
		(n) = (call);                                                  \
	while ((n) < 0 && errno == EINTR)

static int
connected(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), n;

	FUZZ_MUST(fd >= 0);
	AGAIN(n, connect(fd, (struct sockaddr *)&where, sizeof(where)));
	if (n == 0)
		return fd;
	close(fd);
	return -1;
}

static int
remove_one(const char *path, const struct stat *what, int kind,
           struct FTW *place)
{
	(void)what, (void)kind, (void)place;
	return remove(path);
}

static void
end(void)
{
	if (pthread_kill(thread, SIGTERM) == 0)
		pthread_join(thread, NULL);
	(void)nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Nothing it logs is of interest, and libFuzzer's own lines are. */
static void
start(void)
{
	const struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000 };
	static char conf[PATH_BYTES + 16], state[PATH_BYTES + 16];
	int fd = -1;

	(void)snprintf(directory, sizeof(directory), "%s/roster-fuzz-XXXXXX",
	               access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	FUZZ_MUST(sodium_init() >= 0 && mkdtemp(directory) != NULL);
	(void)snprintf(state, sizeof(state), "%s/state", directory);
	(void)snprintf(conf, sizeof(conf), "%s/conf", directory);
	(void)snprintf(where.sun_path, sizeof(where.sun_path), "%s/socket",
	               directory);
	FUZZ_MUST(mkdir(state, 0700) == 0);
	make_environment(state);
	write_conf(conf);
	FUZZ_MUST(pthread_create(&thread, NULL, run, conf) == 0);
	for (int ms = 0; ms < START_MS && fd < 0; ms += PAUSE_MS) {
		fd = connected();
		if (fd < 0)
			nanosleep(&pause, NULL);
	}
	FUZZ_MUST(fd >= 0);
	close(fd);
	atexit(end);
}

/* --------------------------------------------------------------- an input */

/* data with the token in its places; its length. */
static size_t
fill(const uint8_t *data, size_t size, char *buf)
{
	const size_t place = strlen(PLACE), secret = strlen(token);
	size_t n = 0;

	for (size_t i = 0; i < size;) {
		bool here = size - i >= place &&
		            memcmp(data + i, PLACE, place) == 0;

		FUZZ_MUST(n + secret < SENT_MAX);
		if (here)
			memcpy(buf + n, token, secret);
		else
			buf[n] = (char)data[i];
		n += here ? secret : 1;
		i += here ? place : 1;
	}
	return n;
}

/* Who is refused early is not read to the end: that is no failure. */
static void
send_all(int fd, const char *bytes, size_t len)
{
	ssize_t n = 1;

	for (; len > 0 && n > 0; bytes += n, len -= (size_t)n) {
		AGAIN(n, send(fd, bytes, len, MSG_NOSIGNAL));
		if (n < 0)
			return;
	}
}

/* What comes back, up to its end or to so many ms without a byte.  False: it
 * waits for more, or is a stream, which has no end. */
static bool
take(int fd, unsigned int patience_ms, char answer[ANSWER_MAX + 1])
{
	const struct timeval patience = { .tv_sec = patience_ms / 1000,
		                          .tv_usec =
		                                  patience_ms % 1000 * 1000 };
	static char more[ANSWER_MAX];
	size_t len = 0;
	ssize_t n;

	FUZZ_MUST(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	                     sizeof(patience)) == 0);
	while (true) {
		AGAIN(n, recv(fd, more, sizeof(more), 0));
		if (n <= 0)
			break;
		if ((size_t)n > ANSWER_MAX - len)
			n = (ssize_t)(ANSWER_MAX - len);
		memcpy(answer + len, more, (size_t)n);
		len += (size_t)n;
	}
	answer[len] = '\0';
	FUZZ_MUST(n == 0 || errno == ECONNRESET || errno == EAGAIN);
	return n == 0 || errno == ECONNRESET;
}

/* Whatever it was sent, it serves the next. */
static void
still_well(char answer[ANSWER_MAX + 1])
{
	int fd = connected();

	FUZZ_MUST(fd >= 0);
	send_all(fd, LAST, strlen(LAST));
	FUZZ_MUST(take(fd, ANSWER_MS, answer));
	FUZZ_MUST(strstr(answer, "HTTP/1.1 200") == answer);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char answer[ANSWER_MAX + 1], sent[SENT_MAX];
	static bool started;
	bool ended;
	int fd;

	if (!started)
		start();
	started = true;
	if (size > SENT_MAX / sizeof(token))
		return 0;
	fd = connected();
	FUZZ_MUST(fd >= 0);
	send_all(fd, sent, fill(data, size, sent));
	send_all(fd, LAST, strlen(LAST));
	ended = take(fd, SILENCE_MS, answer);
	close(fd);
	FUZZ_MUST(answer[0] == '\0' || strncmp(answer, "HTTP/1.", 7) == 0);
	FUZZ_MUST(strncmp(answer, "HTTP/1.1 500", 12) != 0);
	if (!ended)
		still_well(answer);
	return 0;
}
