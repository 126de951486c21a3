/* SPDX-License-Identifier: OLDAP-2.8 */
/* address.h - how many connections each address has
 *
 * One count for a connection from accept(2) until it is closed, whether it
 * waits in the lobby or is the library's, and whichever thread asks.
 */
#ifndef HTTPD_ADDRESS_H
#define HTTPD_ADDRESS_H

#include <stdbool.h>

#include "store/err.h"

struct sockaddr;
struct http_addresses;

/* At most limit of each address; 0: any number. */
enum rst_err http_addresses_new(unsigned int limit,
                                struct http_addresses **ret_addresses)
	RST_MUST_USE;
/* NULL is allowed. */
void http_addresses_free(struct http_addresses *addresses);

/* One more of this address; false: it has as many as it may, or there is no
 * memory.  Those that are none of the internet are not counted. */
bool http_addresses_enter(struct http_addresses *addresses,
                          const struct sockaddr *address) RST_MUST_USE;
/* One that entered is gone. */
void http_addresses_leave(struct http_addresses *addresses,
                          const struct sockaddr *address);

#endif
