/* SPDX-License-Identifier: OLDAP-2.8 */
/* house.h - what rosterd does by itself, every few seconds
 *
 * Old sessions, answers and journal records go; who came to his end loses what
 * is left, who is idle is suspended; failed sign-ins reach the journal added
 * up, and the head of the journal's chain goes to where the configuration
 * says (head_log), every hour and at the end.  A certificate that was replaced
 * is noticed, and a clock that was set.
 */
#ifndef HTTPD_HOUSE_H
#define HTTPD_HOUSE_H

#include <pthread.h>

#include "httpd/http.h"

/* The thread; zeroed before it starts. */
struct house {
	const struct http_server *server;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool running, stop;
};

/* False when there is no thread to be had.  server outlives it. */
bool house_start(struct house *house, const struct http_server *server);
/* Waits for the round under way.  Of one that does not run: nothing. */
void house_stop(struct house *house);

#endif
