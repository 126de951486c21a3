/* SPDX-License-Identifier: OLDAP-2.8 */
/* names.h - which names people and groups may have */
#ifndef RULE_NAMES_H
#define RULE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "rules/verdict.h"

#define RULE_NAME_MAX   32  /* bytes of a username or group name */
#define RULE_PERSON_MAX 128 /* bytes of a given name, surname, cn */
#define RULE_PUBLIC_MIN 3   /* characters at the public form */

/*
 * A username: ^[a-z_][a-z0-9_-]{0,31}$ and not reserved.  ASCII only, so that
 * no two names look or fold alike.  dots also admits '.', inside (imports).
 */
enum rule_verdict rule_username(const char *name, size_t len, bool dots);
/* At the public form: also RULE_PUBLIC_MIN characters and not all digits. */
enum rule_verdict rule_username_public(const char *name, size_t len);
/* The same form; reserved are the names that give rights on a Unix host. */
enum rule_verdict rule_groupname(const char *name, size_t len);

/* ldapusers and sysadmins, which cannot go. */
bool rule_group_protected(const char *name, size_t len);

/*
 * A given name, surname or full name: UTF-8, 1 to RULE_PERSON_MAX bytes, no
 * control characters, no line or paragraph separators, no bidirectional
 * overrides, not only blanks.
 */
enum rule_verdict rule_person_name(const char *name, size_t len);
/*
 * The gecos of a full name: without ':' and ',', which separate the fields of
 * passwd(5) and those of gecos, and without controls; cut where a character
 * ends.  gecos has room for RULE_PERSON_MAX bytes and the NUL.  Returns its
 * length, 0 for a name that leaves nothing.
 */
size_t rule_gecos(const char *name, size_t len,
                  char gecos[RULE_PERSON_MAX + 1]);
/* A gecos that was written by hand: what passwd(5) and its readers can bear, at
 * most RULE_GECOS_MAX bytes without ':'. */
#define RULE_GECOS_MAX 255
enum rule_verdict rule_gecos_text(const char *text, size_t len);
/* An absolute path of printable ASCII without ':' of at most 255 bytes. */
enum rule_verdict rule_shell(const char *path, size_t len);
enum rule_verdict rule_home(const char *path, size_t len);

/* Why something was done: UTF-8, 1 to RULE_REASON_MAX bytes, not only blanks,
 * with the characters of a name and line ends. */
#define RULE_REASON_MAX 1024
enum rule_verdict rule_reason(const char *text, size_t len);

/* Which languages somebody reads, as browsers say it (RFC 2798): "de", "de-AT,
 * en;q=0.5".  RULE_INVALID_LANGUAGE. */
#define RULE_LANGUAGE_MAX 64
enum rule_verdict rule_language(const char *text, size_t len);
/* One of them: "de", "pt-br". */
#define RULE_LANGUAGE_TAG_MAX 8
enum rule_verdict rule_language_tag(const char *text, size_t len);

#endif
