/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_lobby.c - connections that have not said hello */
#include "httpd/lobby.h"

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "httpd/reaper.h"

static struct http_reaper *reaper;
static struct http_lobby *lobby;

static int
open_lobby(void **state)
{
	(void)state;
	return http_reaper_start(&reaper) != RST_OK ||
	       http_lobby_new(reaper, &lobby) != RST_OK;
}

static int
close_lobby(void **state)
{
	(void)state;
	(void)http_lobby_free(lobby);
	http_reaper_stop(reaper);
	return 0;
}

static struct http_guest
from_v4(uint32_t address)
{
	struct http_guest guest = { .len = sizeof(struct sockaddr_in) };
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	v4.sin_addr.s_addr = htonl(address);
	memcpy(&guest.address, &v4, sizeof(v4));
	return guest;
}

/* The other end of a connection that entered. */
static int
come_in(struct http_guest guest, int *ret_fd)
{
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	guest.fd = pair[0];
	*ret_fd = pair[0];
	assert_true(http_lobby_enter(lobby, &guest));
	return pair[1];
}

static void
say(int peer, const char *bytes, size_t len)
{
	assert_int_equal(write(peer, bytes, len), (ssize_t)len);
}

static bool
is_closed(int peer)
{
	struct pollfd fd = { .fd = peer, .events = POLLRDHUP };

	return poll(&fd, 1, 0) == 1;
}

static enum http_lobby_next
next_fd(int *ret_fd)
{
	struct http_guest guest = { .fd = -1 };
	enum http_lobby_next next = http_lobby_next(lobby, &guest);

	*ret_fd = guest.fd;
	return next;
}

static void
claim_nobody(void)
{
	int fd;

	/* (once for the end of a round, once for the next) */
	assert_int_equal(next_fd(&fd), LOBBY_NOBODY);
	assert_int_equal(next_fd(&fd), LOBBY_NOBODY);
}

static void
who_said_all_of_it_goes_on(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool ready;
	} row[] = {
		{ "", 0, false },
		{ "\x16", 1, false },
		{ "\x16\x03\x01\x00", 4, false },
		{ "\x16\x03\x01\x00\x04", 5, false },
		{ "\x16\x03\x01\x00\x04"
		  "abc",
		  8, false },
		{ "\x16\x03\x01\x00\x04"
		  "abcd",
		  9, true },
		{ "\x16\x03\x01\x00\x04"
		  "abcde",
		  10, true },
		{ "\x16\x03\x01\x00\x00", 5, true },
		/* no record that may be: for the library to refuse */
		{ "\x16\x03\x01\x40\x00", 5, false },
		{ "\x16\x03\x01\x40\x01", 5, true },
		{ "\x15\x03\x01", 3, true },
		{ "GET", 3, true },
	};
	int fd, got, peer;

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		peer = come_in(from_v4(1), &fd);
		if (row[i].len > 0)
			say(peer, row[i].bytes, row[i].len);
		if (row[i].ready) {
			assert_int_equal(next_fd(&got), LOBBY_READY);
			assert_int_equal(got, fd);
			claim_nobody();
			/* nothing was taken out of it */
			assert_true(row[i].len > 0);
			char back[16];
			assert_int_equal(read(fd, back, sizeof(back)),
			                 (ssize_t)row[i].len);
			assert_memory_equal(back, row[i].bytes, row[i].len);
			close(fd);
			close(peer);
		} else {
			claim_nobody();
			assert_false(is_closed(peer));
			close(peer);
			assert_int_equal(next_fd(&got), LOBBY_GONE);
			claim_nobody();
		}
	}
}

static void
the_rest_may_come_later(void **state)
{
	int fd, got, peer = come_in(from_v4(1), &fd);

	(void)state;
	say(peer, "\x16\x03\x01", 3);
	claim_nobody();
	say(peer,
	    "\x00\x02"
	    "a",
	    3);
	claim_nobody();
	say(peer, "b", 1);
	assert_int_equal(next_fd(&got), LOBBY_READY);
	assert_int_equal(got, fd);
	close(fd);
	close(peer);
}

/* ... and half of it does not come up again and again. */
static void
its_descriptor_is_quiet_meanwhile(void **state)
{
	int fd, got, peer = come_in(from_v4(1), &fd);
	struct pollfd look = { .fd = http_lobby_fd(lobby), .events = POLLIN };

	(void)state;
	say(peer, "\x16\x03\x01", 3);
	assert_int_equal(poll(&look, 1, 0), 1);
	claim_nobody();
	assert_int_equal(poll(&look, 1, 0), 0);
	say(peer, "\x00", 1);
	assert_int_equal(poll(&look, 1, 0), 1);
	close(peer);
	assert_int_equal(next_fd(&got), LOBBY_GONE);
	claim_nobody();
}

static void
who_went_is_told_with_his_address(void **state)
{
	struct http_guest guest = { .fd = -1 }, who = from_v4(0x7f000001);
	int fd, peer = come_in(who, &fd);

	(void)state;
	close(peer);
	assert_int_equal(http_lobby_next(lobby, &guest), LOBBY_GONE);
	assert_int_equal(guest.fd, -1);
	assert_memory_equal(&guest.address, &who.address, who.len);
}

static void
who_waits_is_closed_with_it(void **state)
{
	int peers[3], fd;

	(void)state;
	for (size_t n = 0; n < 3; n++)
		peers[n] = come_in(from_v4(1), &fd);
	assert_int_equal(http_lobby_free(lobby), 3);
	lobby = NULL;
	for (size_t n = 0; n < 3; n++) {
		assert_true(is_closed(peers[n]));
		close(peers[n]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_said_all_of_it_goes_on,
		                                open_lobby, close_lobby),
		cmocka_unit_test_setup_teardown(the_rest_may_come_later,
		                                open_lobby, close_lobby),
		cmocka_unit_test_setup_teardown(
			its_descriptor_is_quiet_meanwhile, open_lobby,
			close_lobby),
		cmocka_unit_test_setup_teardown(
			who_went_is_told_with_his_address, open_lobby,
			close_lobby),
		cmocka_unit_test_setup_teardown(who_waits_is_closed_with_it,
		                                open_lobby, close_lobby),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
