/* SPDX-License-Identifier: OLDAP-2.8 */
/* certificate.h - the certificate of HTTPS, which can be replaced
 *
 * Handshakes that begin after a replacement get the new one; connections that
 * are open keep what they have and are not touched.
 */
#ifndef HTTPD_CERTIFICATE_H
#define HTTPD_CERTIFICATE_H

#include "httpd/conf.h"

/*
 * Read the files of config and use them from now on.  When they cannot be
 * read, or are no pair, what was there stays: RST_EINVALID, RST_ENOTFOUND,
 * RST_EIO, RST_ENOMEM.
 */
enum rst_err certificate_load(const struct http_config *config,
                              struct rst_detail *reterr) RST_MUST_USE;
/* Load them if one of the files was replaced since; says so in the log. */
void certificate_watch(const struct http_config *config);
/* Nothing is served any more. */
void certificate_release(void);
/* For libmicrohttpd, a gnutls_certificate_retrieve_function2. */
void *certificate_callback(void);

#endif
