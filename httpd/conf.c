/* SPDX-License-Identifier: OLDAP-2.8 */
/* conf.c - the table of keys, and where their values come from */
#include "httpd/conf.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "rules/token.h"

#ifndef PKGDATADIR
#define PKGDATADIR "/usr/share/roster"
#endif

static const struct key {
	const char *section, *name;
	size_t at; /* of the char * in struct http_config */
	bool secret;
} keys[] = {
#define KEY(section, name, member, secret)                                     \
	{                                                                      \
		section, name, offsetof(struct http_config, member), secret    \
	}
	KEY("server", "state", state, false),
	KEY("server", "listen", listen, false),
	KEY("server", "public_url", public_url, false),
	KEY("server", "tls_certificate", tls_certificate, false),
	KEY("server", "tls_key", tls_key, false),
	KEY("server", "insecure_loopback", insecure_loopback, false),
	KEY("server", "head_log", head_log, false),
	KEY("server", "trusted_proxies", trusted_proxies, false),
	KEY("server", "socket_mode", socket_mode, false),
	KEY("server", "metrics", metrics, false),
	KEY("server", "provider_url", provider_url, false),
	KEY("mail", "smtp_url", smtp_url, true),
	KEY("mail", "username", smtp_username, false),
	KEY("mail", "password", smtp_password, true),
	KEY("mail", "from", from, false),
	KEY("mail", "ca_file", ca_file, false),
	KEY("mail", "starttls", starttls, false),
	KEY("data", "templates", templates, false),
	KEY("data", "static", static_files, false),
	KEY("data", "locale", locale, false),
	KEY("data", "overrides", overrides, false),
#undef KEY
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static char **
slot(struct http_config *config, const struct key *key)
{
	return (char **)((char *)config + key->at);
}

/* The key, case aside; *ret_file is set when the name is KEY_file. */
static const struct key *
find(const char *section, const char *name, bool *ret_file)
{
	size_t len;

	for (size_t i = 0; i < KEYS; i++) {
		if (strcasecmp(section, keys[i].section) != 0)
			continue;
		len = strlen(keys[i].name);
		if (strncasecmp(name, keys[i].name, len) != 0)
			continue;
		*ret_file =
			keys[i].secret && strcasecmp(name + len, "_file") == 0;
		if (*ret_file || name[len] == '\0')
			return &keys[i];
	}
	return NULL;
}

/* The first line of path, owned by the caller. */
static enum rst_err
read_secret(const char *path, char **ret_value, struct rst_detail *reterr)
{
	char line[HTTP_CONFIG_VALUE + 2];
	enum rst_err err;
	FILE *file;

	file = fopen(path, "re");
	if (file == NULL) {
		err = rst_open_err(errno);
		rst_detail_set(reterr, "%s: %s", path, strerror(errno));
		goto out;
	}
	if (fgets(line, sizeof(line), file) == NULL) {
		err = ferror(file) ? rst_open_err(errno) : RST_EINVALID;
		rst_detail_set(reterr, "%s: %s", path,
		               ferror(file) ? strerror(errno) : "it is empty");
		goto out;
	}
	line[strcspn(line, "\r\n")] = '\0';
	*ret_value = strdup(line);
	err = *ret_value != NULL ? RST_OK : RST_ENOMEM;
out:
	sodium_memzero(line, sizeof(line));
	if (file != NULL)
		fclose(file);
	return err;
}

static void
drop(char **at)
{
	if (*at != NULL)
		sodium_memzero(*at, strlen(*at));
	free(*at);
	*at = NULL;
}

enum rst_err
http_config_set(struct http_config *config, const char *section,
                const char *name, const char *value, struct rst_detail *reterr)
{
	const struct key *key;
	char *copy = NULL;
	bool is_file;
	enum rst_err err;

	key = find(section, name, &is_file);
	if (key == NULL) {
		rst_detail_set(reterr, "there is no key \"%s\" in [%s]", name,
		               section);
		return RST_EINVALID;
	}
	if (is_file) {
		err = read_secret(value, &copy, reterr);
		if (err != RST_OK)
			return err;
	} else {
		copy = strdup(value);
		if (copy == NULL)
			return RST_ENOMEM;
	}
	drop(slot(config, key));
	*slot(config, key) = copy;
	return RST_OK;
}

/* What the callbacks of inih share. */
struct reading {
	struct http_config *config;
	struct http_config seen; /* which keys this file has set */
	FILE *file;
	unsigned int line;       /* being read */
	unsigned int long_line;  /* the first one that is too long, or 0 */
	struct rst_detail first; /* the first error */
	enum rst_err err;
};

/* As fgets, but it remembers a line that would be cut. */
static char *
read_line(char *buf, int size, void *arg)
{
	struct reading *reading = arg;
	char line[HTTP_CONFIG_LINE];
	size_t len;

	if (fgets(line, sizeof(line), reading->file) == NULL) {
		if (ferror(reading->file)) {
			reading->err = rst_open_err(errno);
			rst_detail_set(&reading->first, "%s", strerror(errno));
		}
		return NULL;
	}
	reading->line++;
	len = strlen(line);
	if ((len + 1 == sizeof(line) && line[len - 1] != '\n') ||
	    len + 1 > (size_t)size) {
		if (reading->long_line == 0)
			reading->long_line = reading->line;
		return NULL;
	}
	memcpy(buf, line, len + 1);
	return buf;
}

static int
take(void *arg, const char *section, const char *name, const char *value)
{
	struct reading *reading = arg;
	const struct key *key;
	bool is_file;

	if (reading->err != RST_OK)
		return 1; /* the first error is the one that is told */
	key = find(section, name, &is_file);
	if (key != NULL && *slot(&reading->seen, key) != NULL) {
		rst_detail_set(&reading->first, "\"%s\" is given twice", name);
		reading->err = RST_EINVALID;
		return 0;
	}
	reading->err = http_config_set(reading->config, section, name, value,
	                               &reading->first);
	if (key != NULL && reading->err == RST_OK)
		*slot(&reading->seen, key) = *slot(reading->config, key);
	return reading->err == RST_OK;
}

enum rst_err
http_config_read(struct http_config *config, const char *file, bool optional,
                 struct rst_detail *reterr)
{
	struct reading reading = { .config = config };
	int line;

	reading.file = fopen(file, "re");
	if (reading.file == NULL) {
		if (errno == ENOENT && optional)
			return RST_OK;
		reading.err = rst_open_err(errno);
		rst_detail_set(reterr, "%s: %s", file, strerror(errno));
		return reading.err;
	}
	line = ini_parse_stream(read_line, &reading, take, &reading);
	if (ferror(reading.file)) {
		rst_detail_set(reterr, "%s: %s", file, reading.first.text);
	} else if (reading.err != RST_OK) {
		rst_detail_set(reterr, "%s:%d: %s", file, line,
		               reading.first.text);
	} else if (reading.long_line != 0) {
		reading.err = RST_EINVALID;
		rst_detail_set(reterr, "%s:%u: the line is too long", file,
		               reading.long_line);
	} else if (line != 0) {
		reading.err = RST_EINVALID;
		rst_detail_set(reterr,
		               "%s:%d: neither [section] nor key = value", file,
		               line);
	}
	fclose(reading.file);
	return reading.err;
}

/* "ROSTER_MAIL__SMTP_URL=x" without its first seven letters. */
static enum rst_err
take_variable(struct http_config *config, const char *variable,
              struct rst_detail *reterr)
{
	char name[64], *key;
	struct rst_detail why;
	size_t len = strcspn(variable, "=");
	enum rst_err err;

	if (len >= sizeof(name))
		len = sizeof(name) - 1;
	memcpy(name, variable, len);
	name[len] = '\0';
	key = strstr(name, "__");
	if (key == NULL)
		return RST_OK; /* somebody else's ROSTER_X */
	*key = '\0';
	err = http_config_set(config, name, key + 2,
	                      variable + strcspn(variable, "=") + 1, &why);
	if (err != RST_OK)
		rst_detail_set(reterr, "environment ROSTER_%s__%s: %s", name,
		               key + 2,
		               err == RST_ENOMEM ? "out of memory" : why.text);
	return err;
}

enum rst_err
http_config_environment(struct http_config *config, char *const *envp,
                        struct rst_detail *reterr)
{
	static const char prefix[] = "ROSTER_";
	enum rst_err err = RST_OK;

	for (; err == RST_OK && *envp != NULL; envp++)
		if (strncmp(*envp, prefix, sizeof(prefix) - 1) == 0)
			err = take_variable(config, *envp + sizeof(prefix) - 1,
			                    reterr);
	return err;
}

static enum rst_err
default_to(char **at, const char *value)
{
	if (*at != NULL && **at == '\0')
		drop(at); /* "key =" is as good as no key */
	if (*at == NULL && value != NULL) {
		*at = strdup(value);
		if (*at == NULL)
			return RST_ENOMEM;
	}
	return RST_OK;
}

static enum rst_err
fill_in(struct http_config *config)
{
	static const struct {
		size_t at;
		const char *value;
	} defaults[] = {
#define DEFAULT(member, value) { offsetof(struct http_config, member), value }
		DEFAULT(state, "/var/lib/roster"),
		DEFAULT(listen, "127.0.0.1:8443"),
		DEFAULT(public_url, NULL),
		DEFAULT(tls_certificate, NULL),
		DEFAULT(tls_key, NULL),
		DEFAULT(insecure_loopback, "false"),
		DEFAULT(head_log, "syslog"),
		DEFAULT(trusted_proxies, ""),
		DEFAULT(socket_mode, "0660"),
		DEFAULT(metrics, "local"),
		DEFAULT(provider_url, ""),
		DEFAULT(smtp_url, NULL),
		DEFAULT(smtp_username, NULL),
		DEFAULT(smtp_password, NULL),
		DEFAULT(from, NULL),
		DEFAULT(ca_file, NULL),
		DEFAULT(starttls, "required"),
		DEFAULT(templates, PKGDATADIR "/templates"),
		DEFAULT(static_files, PKGDATADIR "/static"),
		DEFAULT(locale, PKGDATADIR "/locale"),
		DEFAULT(overrides, "/etc/roster"),
#undef DEFAULT
	};
	enum rst_err err = RST_OK;

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++) {
		err = default_to((char **)((char *)config + defaults[i].at),
		                 defaults[i].value);
		if (err != RST_OK)
			break;
	}
	return err;
}

/* TLS, or plain HTTP where that is safe. */
static const char *
check_transport(struct http_config *config)
{
	bool insecure = strcasecmp(config->insecure_loopback, "true") == 0;

	if (!insecure && strcasecmp(config->insecure_loopback, "false") != 0)
		return "insecure_loopback is true or false";
	if ((config->tls_certificate == NULL) != (config->tls_key == NULL))
		return "tls_certificate and tls_key go together";
	config->plain = config->tls_key == NULL;
	if (config->plain && !config->on.is_unix &&
	    ((!insecure && config->trusted_proxies[0] == '\0') ||
	     !http_is_loopback(config->on.where)))
		return "without tls_certificate and tls_key it listens on a "
		       "unix socket only, or, with trusted_proxies or "
		       "insecure_loopback = true, on a loopback address";
	if (!config->site.https &&
	    (!insecure || !http_is_loopback(config->site.host)))
		return "public_url must begin with https:// (http:// is for "
		       "insecure_loopback = true and a loopback host)";
	return NULL;
}

/* Where the journal's head goes. */
static const char *
check_head_log(const struct http_config *config)
{
	const char *to = config->head_log;

	if (strcmp(to, "syslog") == 0 || strcmp(to, "none") == 0 ||
	    (strncmp(to, HTTP_UNIX, sizeof(HTTP_UNIX) - 1) == 0 &&
	     to[sizeof(HTTP_UNIX) - 1] == '/' &&
	     strlen(to) - (sizeof(HTTP_UNIX) - 1) <
	             sizeof(((struct sockaddr_un *)0)->sun_path)))
		return NULL;
	return "head_log is syslog, none, or unix:PATH of a datagram socket";
}

/* Every one of them is a network, or "local". */
static bool
check_proxies(const char *list)
{
	while (*(list += strspn(list, ", \t")) != '\0') {
		size_t len = strcspn(list, ", \t");

		if (rule_address(list, len) != RULE_OK)
			return false;
		list += len;
	}
	return true;
}

static const char *
check_server(struct http_config *config)
{
	static const char *const words[] = {
		[HTTP_METRICS_OFF] = "off",
		[HTTP_METRICS_LOCAL] = "local",
		[HTTP_METRICS_ADMINS] = "admins",
		[HTTP_METRICS_ANYBODY] = "anybody",
	};
	size_t n = 0;
	char *end;

	config->on.mode = (unsigned int)strtoul(config->socket_mode, &end, 8);
	if (*end != '\0' || strlen(config->socket_mode) > 4 ||
	    (config->on.mode & 0600) != 0600 || config->on.mode > 0777)
		return "socket_mode is a mode such as 0660";
	if (!check_proxies(config->trusted_proxies))
		return "trusted_proxies is a list of addresses, networks such "
		       "as 192.0.2.0/24, or local";
	while (n < sizeof(words) / sizeof(words[0]) &&
	       strcmp(config->metrics, words[n]) != 0)
		n++;
	if (n == sizeof(words) / sizeof(words[0]))
		return "metrics is off, local, admins or anybody";
	config->metrics_for = (enum http_metrics_for)n;
	return NULL;
}

/* Nothing in the clear beyond this machine. */
static const char *
check_mail(const struct http_config *config)
{
	struct http_site relay;
	bool tls;

	if (strcmp(config->starttls, "required") != 0 &&
	    strcmp(config->starttls, "off") != 0)
		return "starttls is required or off";
	if (config->smtp_url == NULL)
		return NULL;
	if (config->from == NULL)
		return "[mail] from is missing";
	tls = strncmp(config->smtp_url, "smtps://", 8) == 0;
	if (!tls && strncmp(config->smtp_url, "smtp://", 7) != 0)
		return "smtp_url begins with smtp:// or smtps://";
	if (strlen(strstr(config->smtp_url, "://")) < 4)
		return "smtp_url names no host";
	if (tls || strcmp(config->starttls, "off") != 0)
		return NULL;
	/* the host part has the form of ours, so borrow its reader */
	char url[HTTP_URL_MAX + 1];

	snprintf(url, sizeof(url), "http://%s", config->smtp_url + 7);
	if (!http_site_parse(url, &relay) || relay.base[0] != '\0' ||
	    !http_is_loopback(relay.host))
		return "starttls = off is for a loopback host only";
	return NULL;
}

enum rst_err
http_config_check(struct http_config *config, struct rst_detail *reterr)
{
	struct http_site provider;
	const char *why;

	if (fill_in(config) != RST_OK)
		return RST_ENOMEM;
	if (!http_listen_parse(config->listen, &config->on))
		why = "listen is ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH";
	else if (config->public_url == NULL)
		why = "[server] public_url is missing: what links begin with, "
		      "such as https://roster.example.org";
	else if (!http_site_parse(config->public_url, &config->site))
		why = "public_url is https://HOST, with :PORT and a /PATH if "
		      "need be";
	else if (config->provider_url[0] != '\0' &&
	         !http_site_parse(config->provider_url, &provider))
		why = "provider_url is that of another rosterd, such as "
		      "https://roster.example.org";
	else if ((why = check_server(config)) == NULL &&
	         (why = check_head_log(config)) == NULL &&
	         (why = check_transport(config)) == NULL)
		why = check_mail(config);
	if (why == NULL)
		return RST_OK;
	rst_detail_set(reterr, "%s", why);
	return RST_EINVALID;
}

void
http_config_release(struct http_config *config)
{
	for (size_t i = 0; i < KEYS; i++)
		drop(slot(config, &keys[i]));
}
