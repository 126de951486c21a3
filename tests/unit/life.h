/* SPDX-License-Identifier: OLDAP-2.8 */
/* life.h - a directory with its skeleton, for the tests of lifecycle/
 *
 * Every test that ends in life_teardown() has shown two things more: that
 * rosterctl check would find nothing, and that the journal has a record with
 * the right images for every entry that is there.
 */
#ifndef LIFE_H
#define LIFE_H

#include "lifecycle/acts.h"
#include "store/index.h"
#include "store/tree.h"
#include "tests/unit/fixture.h"

#define LIFE_NOW      1800000000 /* when the tests take place */
#define LIFE_PASSWORD "a fine long passphrase"

struct life {
	struct fixture *fixture;
	struct rst_env *env;
	struct act_ctx ctx; /* of a CLI; at LIFE_NOW */
	struct act_refusal refusal;
};

int life_setup(void **state);
int life_teardown(void **state);
#define LIFE_TEST(name)                                                        \
	cmocka_unit_test_setup_teardown(name, life_setup, life_teardown)

/* The answer was verdict, at field (NULL: none). */
void life_refused(const struct life *life, enum rst_err err,
                  enum rule_verdict verdict, const char *field);
void life_ok(const struct life *life, enum rst_err err);

/* An active person of that name, with name@example.org and no password. */
uint64_t life_person(struct life *life, const char *name);
/* The same with LIFE_PASSWORD. */
uint64_t life_person_with_password(struct life *life, const char *name);
uint64_t life_group(struct life *life, const char *name, bool administrator);
/* 0 when there is nobody of that name. */
uint64_t life_find(struct life *life, const char *name);
uint64_t life_find_group(struct life *life, const char *name);

/* The first value of attr, or "", until the next call. */
const char *life_value(struct life *life, uint64_t id, uint16_t attr);
uint64_t life_generation(struct life *life, uint64_t id);
bool life_exists(struct life *life, uint64_t id);
bool life_is_member(struct life *life, uint64_t group, uint64_t member);
uint64_t life_sequence(struct life *life); /* of the last journal record */
/* A number of sessions that user has. */
size_t life_sessions(struct life *life, uint64_t user);
/* Change one attribute of id (NULL: drop it) through the gate. */
enum rst_err life_set(struct life *life, uint64_t id, uint16_t attr,
                      const char *value);
enum rst_err life_delete(struct life *life, uint64_t id);

/* The act of record sequence; copied into buf of 64 bytes. */
void life_act(struct life *life, uint64_t sequence, char *buf);

/* As a rosterd with a relay leaves it. */
void life_mail_works(struct life *life);

#endif
