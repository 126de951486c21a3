/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_address.c - how many connections each address has */
#include "httpd/address.h"

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define LIMIT   3
#define THREADS 4
#define ROUNDS  20000

static struct http_addresses *addresses;

static int
open_counts(void **state)
{
	(void)state;
	return http_addresses_new(LIMIT, &addresses) != RST_OK;
}

static int
close_counts(void **state)
{
	(void)state;
	http_addresses_free(addresses);
	return 0;
}

/* One of the last bytes last; of a mapped one, the IPv4 address 10.0.0.last. */
static struct sockaddr_storage
address_of(int family, unsigned char last, bool mapped)
{
	static const unsigned char prefix[] = { 0, 0, 0,    0,    0,  0, 0, 0,
		                                0, 0, 0xff, 0xff, 10, 0, 0 };
	struct sockaddr_storage address = { .ss_family = (sa_family_t)family };
	struct sockaddr_in *v4 = (void *)&address;
	struct sockaddr_in6 *v6 = (void *)&address;

	if (family == AF_INET)
		v4->sin_addr.s_addr = htonl(0x0a000000u | last);
	if (family == AF_INET6 && mapped)
		memcpy(v6->sin6_addr.s6_addr, prefix, sizeof(prefix));
	if (family == AF_INET6)
		v6->sin6_addr.s6_addr[15] = last;
	return address;
}

static bool
enter(const struct sockaddr_storage *address)
{
	return http_addresses_enter(addresses,
	                            (const struct sockaddr *)address);
}

static void
leave(const struct sockaddr_storage *address)
{
	http_addresses_leave(addresses, (const struct sockaddr *)address);
}

static void
each_address_has_its_limit(void **state)
{
	const struct sockaddr_storage each[] = {
		address_of(AF_INET, 1, false),
		address_of(AF_INET, 2, false),
		address_of(AF_INET6, 1, false),
	};

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < 3; i++) {
			for (int n = 0; n < LIMIT; n++)
				assert_true(enter(&each[i]));
			assert_false(enter(&each[i]));
			assert_false(enter(&each[i]));
			leave(&each[i]);
			assert_true(enter(&each[i]));
			assert_false(enter(&each[i]));
		}
		/* once all are gone it begins anew */
		for (size_t i = 0; i < 3; i++)
			for (int n = 0; n < LIMIT; n++)
				leave(&each[i]);
	}
}

static void
an_ipv4_address_is_one_however_it_comes(void **state)
{
	const struct sockaddr_storage plain = address_of(AF_INET, 7, false);
	const struct sockaddr_storage mapped = address_of(AF_INET6, 7, true);

	(void)state;
	assert_true(enter(&plain));
	assert_true(enter(&mapped));
	assert_true(enter(&plain));
	assert_false(enter(&mapped));
	leave(&mapped);
	assert_true(enter(&plain));
}

static void
who_has_no_address_is_not_counted(void **state)
{
	const struct sockaddr_storage local = address_of(AF_UNIX, 0, false);

	(void)state;
	for (int n = 0; n < 2 * LIMIT; n++) {
		assert_true(enter(&local));
		assert_true(http_addresses_enter(addresses, NULL));
	}
	leave(&local);
	http_addresses_leave(addresses, NULL);
}

static void
without_a_limit_any_number_enters(void **state)
{
	const struct sockaddr_storage one = address_of(AF_INET, 1, false);

	(void)state;
	http_addresses_free(addresses);
	addresses = NULL;
	assert_int_equal(http_addresses_new(0, &addresses), RST_OK);
	for (int n = 0; n < 2 * LIMIT; n++)
		assert_true(enter(&one));
	leave(&one);
}

static atomic_int inside, most, entered;

static void *
come_and_go(void *arg)
{
	const struct sockaddr_storage *address = arg;

	for (int n = 0; n < ROUNDS; n++) {
		int now, before;

		if (!enter(address))
			continue;
		now = atomic_fetch_add(&inside, 1) + 1;
		for (before = atomic_load(&most); before < now;)
			if (atomic_compare_exchange_weak(&most, &before, now))
				break;
		atomic_fetch_add(&entered, 1);
		atomic_fetch_sub(&inside, 1);
		leave(address);
	}
	return NULL;
}

static void
threads_count_as_one(void **state)
{
	struct sockaddr_storage one = address_of(AF_INET6, 1, false);
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, come_and_go, &one),
			0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_in_range(atomic_load(&most), 1, LIMIT);
	assert_true(atomic_load(&entered) >= ROUNDS);
	/* and nobody is left in it */
	for (int n = 0; n < LIMIT; n++)
		assert_true(enter(&one));
	assert_false(enter(&one));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_address_has_its_limit,
		                                open_counts, close_counts),
		cmocka_unit_test_setup_teardown(
			an_ipv4_address_is_one_however_it_comes, open_counts,
			close_counts),
		cmocka_unit_test_setup_teardown(
			who_has_no_address_is_not_counted, open_counts,
			close_counts),
		cmocka_unit_test_setup_teardown(
			without_a_limit_any_number_enters, open_counts,
			close_counts),
		cmocka_unit_test_setup_teardown(threads_count_as_one,
		                                open_counts, close_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
