/* SPDX-License-Identifier: OLDAP-2.8 */
/* service.h - what systemd gives and wants to know */
#ifndef HTTPD_SERVICE_H
#define HTTPD_SERVICE_H

#include "store/err.h"

/*
 * The listening socket that was handed over (LISTEN_FDS, sd_listen_fds(3)), or
 * -1: there is none.  RST_EINVALID: there are several, or it is no socket that
 * listens.  The variables are gone afterwards.
 */
enum rst_err service_socket(int *ret_fd, struct rst_detail *reterr)
	RST_MUST_USE;
/* "READY=1": see sd_notify(3).  Nothing happens where nobody listens. */
void service_notify(const char *state);

#endif
