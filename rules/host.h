/* SPDX-License-Identifier: OLDAP-2.8 */
/* host.h - who may log in on a host, and by which service
 *
 *	host: web01	this host		host: *		any
 *	host: !web01	any but this one, if another value or the host itself
 *			admits
 *
 * as pam_ldap, nslcd and sssd read the attribute of a person.  The entry of a
 * host names groups whose members it admits besides.
 */
#ifndef RULE_HOST_H
#define RULE_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/verdict.h"

#define RULE_HOST_MAX    255 /* bytes of a host's name */
#define RULE_LABEL_MAX   63  /* between two dots of it */
#define RULE_SERVICE_MAX 64  /* bytes of the name of a PAM service */

/* The name of a host: letters, digits, hyphens and underscores, with dots
 * between.  RULE_INVALID_HOST. */
enum rule_verdict rule_host_name(const char *name, size_t len);

/* A value of host, or of authorizedService: a name, "*", or "!" and a name.
 * RULE_INVALID_HOST; RULE_INVALID_SERVICE. */
enum rule_verdict rule_host_value(const char *value, size_t len);
enum rule_verdict rule_service_value(const char *value, size_t len);

/* What a list of such values says of one name. */
struct rule_list {
	bool any;    /* there is a value */
	bool named;  /* the name is one, without regard to case */
	bool admits; /* it is, or "*" is */
	bool denies; /* "!" and the name */
};
void rule_list_look(struct rule_list *list, const char *value, size_t value_len,
                    const char *name, size_t name_len);

struct rule_host {
	struct rule_list person; /* his values of host */
	bool restricted;         /* the host's entry names groups */
	bool in_group;           /* he is in one of them */
	bool by_default;         /* setting host-default is allow */
};

enum rule_host_answer {
	RULE_HOST_DENIED,   /* "!name" */
	RULE_HOST_LISTED,   /* his own values admit */
	RULE_HOST_BY_GROUP, /* the host admits a group of his */
	RULE_HOST_UNLISTED, /* there are values or groups; none admits */
	RULE_HOST_OPEN,     /* nobody says, and the default admits */
	RULE_HOST_CLOSED,   /* nobody says, and the default refuses */
};
/* In this order: what denies, what admits, what is restricted, the default. */
enum rule_host_answer rule_host(const struct rule_host *facts);
bool rule_host_admits(enum rule_host_answer answer);

#endif
