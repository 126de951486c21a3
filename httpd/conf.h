/* SPDX-License-Identifier: OLDAP-2.8 */
/* conf.h - what rosterd is told: file, environment, command line
 *
 * rosterd.conf is an INI file; ROSTER_SECTION__KEY in the environment goes
 * before it, and the command line before both.  Keys and sections that are
 * not known are errors: a mistyped "tls_key" must not mean "no TLS".  Secrets
 * can be given as KEY_file (or ROSTER_SECTION__KEY_FILE), the path of a file
 * whose first line is the value.
 */
#ifndef HTTPD_CONF_H
#define HTTPD_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "store/err.h"
#include "store/view.h"

#define HTTP_CONFIG_FILE  "/etc/roster/rosterd.conf"
#define HTTP_CONFIG_LINE  1024 /* bytes of a line */
#define HTTP_CONFIG_VALUE 1000 /* bytes of a value from the environment */
#define HTTP_URL_MAX      255  /* bytes of public_url */
#define HTTP_HOST_MAX     255
#define HTTP_UNIX         "unix:"

/* The parts of public_url. */
struct http_site {
	char url[HTTP_URL_MAX + 1]; /* with the path, what links begin with */
	char origin[HTTP_URL_MAX + 1]; /* "https://roster.example.org:8443" */
	char base[HTTP_URL_MAX + 1];   /* "/roster"; "" for none */
	char host[HTTP_HOST_MAX + 1];  /* "roster.example.org", "[::1]" */
	uint16_t port;                 /* 443 where the URL says none */
	bool https;
};

/* Where to listen. */
struct http_listen {
	bool is_unix;
	char where[HTTP_HOST_MAX + 1]; /* address without brackets, or path */
	uint16_t port;                 /* 0: any free one (tests) */
	unsigned int mode;             /* of a unix socket */
};

/* Who may read /metrics. */
enum http_metrics_for {
	HTTP_METRICS_OFF,
	HTTP_METRICS_LOCAL,  /* this machine, and administrators */
	HTTP_METRICS_ADMINS, /* with a session or a token */
	HTTP_METRICS_ANYBODY,
};

/* All strings are owned; release with http_config_release(). */
struct http_config {
	/* [server] */
	char *state;      /* the environment's directory */
	char *listen;     /* ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH */
	char *public_url; /* what links begin with */
	char *tls_certificate, *tls_key;
	char *insecure_loopback;
	char *head_log;        /* syslog, none, or HTTP_UNIX and a path */
	char *trusted_proxies; /* networks that may say X-Forwarded-For */
	char *socket_mode;     /* of a unix socket, octal */
	char *metrics;         /* who may read /metrics */
	char *provider_url;    /* on a replica: the provider's rosterd; "" */
	/* [mail] */
	char *smtp_url; /* NULL: no mail is sent */
	char *smtp_username, *smtp_password;
	char *from; /* "Name <address>" or an address */
	char *ca_file;
	char *starttls; /* "required" or "off" */
	/* [data] */
	char *templates, *static_files, *locale, *overrides;

	/* What the above means, after http_config_check(). */
	struct http_site site;
	struct http_listen on;
	enum http_metrics_for metrics_for;
	bool plain; /* HTTP without TLS */
};

/*
 * Read file; a missing one is an error unless optional.  RST_EINVALID,
 * RST_EIO, RST_ENOTFOUND, RST_ENOMEM, each with what and on which line.
 */
enum rst_err http_config_read(struct http_config *config, const char *file,
                              bool optional, struct rst_detail *reterr)
	RST_MUST_USE;
/* Take every ROSTER_SECTION__KEY of envp. */
enum rst_err http_config_environment(struct http_config *config,
                                     char *const *envp,
                                     struct rst_detail *reterr) RST_MUST_USE;
/* Replace one value, as the command line does. */
enum rst_err http_config_set(struct http_config *config, const char *section,
                             const char *key, const char *value,
                             struct rst_detail *reterr) RST_MUST_USE;
/* Fill in the defaults, parse what has a form, refuse what is unsafe. */
enum rst_err http_config_check(struct http_config *config,
                               struct rst_detail *reterr) RST_MUST_USE;
void http_config_release(struct http_config *config);

/* Split "https://host[:port][/path][/]".  False for anything else. */
bool http_site_parse(const char *url, struct http_site *ret_site);
/* Split what the key listen takes. */
bool http_listen_parse(const char *text, struct http_listen *ret_listen);
/*
 * Whom the network says that a request is from: peer, or where a trusted proxy
 * (of the list trusted) has it from.  forwarded is X-Forwarded-For: its last
 * address that is no trusted proxy counts, what stands before is hearsay.
 * True when peer is such a proxy.
 */
bool http_proxy_client(const char *trusted, const char *peer,
                       struct rst_view forwarded, char *buf, size_t size);
/* host is "localhost" or an address of the loopback network. */
bool http_is_loopback(const char *host);

#endif
