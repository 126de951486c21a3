/* SPDX-License-Identifier: OLDAP-2.8 */
/* accept.h - new connections, handed to libmicrohttpd
 *
 * Not accepted by the library itself: MHD_quiesce_daemon() of 0.9.75, which
 * ends that, aborts the process when a thread of its pool comes by at that
 * moment.  And never more than there may be: a connection above the library's
 * own limit that was added from outside leaves a lock taken.
 */
#ifndef HTTPD_ACCEPT_H
#define HTTPD_ACCEPT_H

#include <stdatomic.h>
#include <stdint.h>

#include "store/err.h"

struct MHD_Daemon;
struct http_addresses;
struct http_lobby;
struct http_acceptor;

struct http_acceptor_conf {
	int fd; /* borrowed, does not block */
	struct MHD_Daemon *daemon;
	atomic_uint_fast64_t *connections;
	unsigned int limit; /* of *connections */
	struct http_addresses *addresses;
	/* where who comes waits for his ClientHello; NULL: nobody has to.
	 * The acceptor's from now on. */
	struct http_lobby *lobby;
};

/*
 * Accept in a thread of its own while *connections is below the limit; from
 * there on who comes waits in the kernel; who is one too many of his address is
 * closed.  Each that is accepted is counted, in *connections and in addresses,
 * and to be taken off both when the library says that it is closed.  Each
 * thread of the library must allow for limit of them.  RST_ENOMEM: no thread or
 * no descriptor; the lobby is freed.
 */
enum rst_err http_acceptor_start(const struct http_acceptor_conf *conf,
                                 struct http_acceptor **ret_acceptor)
	RST_MUST_USE;
/* Nobody is accepted any more when it returns.  NULL is allowed. */
void http_acceptor_stop(struct http_acceptor *acceptor);

#endif
