/* SPDX-License-Identifier: OLDAP-2.8 */
/* test_store_pages.c - a page that cannot be is seen before LMDB follows it
 *
 * The file has a table of three levels, one of one row, large values, empty
 * tables and a free list that needs pages of its own.  Each row of ways[]
 * spoils one number of it.  Offsets are those of env_pages.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/env_priv.h"
#include "tests/unit/fixture.h"

#define ROWS      200 /* of DEEP; seven or so in a page */
#define KEY_LONG  500
#define LARGE     10000 /* bytes of a value: three pages */
#define FREED     700   /* rows of more than a page each, dropped again */
#define SPARE     16    /* pages behind the last one */
#define OF_META   16
#define NOT_THERE UINT64_MAX

#define DEEP  RST_T_INDEX
#define SMALL RST_T_META
#define EMPTY RST_T_SESSION

enum {
	MAGIC = 0,
	MAP = 16,
	FREE = 24,
	MAIN = 72,
	LAST = 120,
	COMMIT = 128
};
enum {
	PAD = 0,
	FLAGS = 4,
	DEPTH = 6,
	BRANCHES = 8,
	LEAVES = 16
};
enum {
	OVERFLOWS = 24,
	ENTRIES = 32,
	ROOT = 40
};
enum {
	LOW = 0,
	KIND = 4,
	KEY = 6,
	NAME = 8
}; /* of a node */

struct image {
	char *bytes;
	size_t len, page;
	char *metas[2]; /* the newest, the other */
};

static uint64_t
get(const char *at, size_t n)
{
	uint64_t number = 0;

	memcpy(&number, at, n); /* little end first, or 8 bytes */
	return number;
}

static void
put(char *at, size_t n, uint64_t number)
{
	memcpy(at, &number, n);
}

static char *
page_of(const struct image *image, uint64_t number)
{
	assert_true((number + 1) * image->page <= image->len);
	return image->bytes + number * image->page;
}

static char *
node_of(char *page, unsigned int i)
{
	return page + get(page + 16 + 2 * i, 2);
}

static unsigned int
nodes_of(const char *page)
{
	return (unsigned int)(get(page + 12, 2) - 16) / 2;
}

static char *
root_of(const struct image *image, const char *tree)
{
	return page_of(image, get(tree + ROOT, 8));
}

static char *
tree_node(const struct image *image, enum rst_table table)
{
	const char *name = rst_table_names[table];
	char *page = root_of(image, image->metas[0] + MAIN);

	for (unsigned int i = 0; i < nodes_of(page); i++) {
		char *node = node_of(page, i);

		if (get(node + KEY, 2) == strlen(name) &&
		    memcmp(node + NAME, name, strlen(name)) == 0)
			return node;
	}
	fail_msg("no table %s", name);
	return NULL;
}

static char *
tree_of(const struct image *image, enum rst_table table)
{
	char *node = tree_node(image, table);

	return node + NAME + get(node + KEY, 2);
}

static char *
child(const struct image *image, char *page, unsigned int i)
{
	return page_of(image, get(node_of(page, i), 4));
}

/* Of table DEEP: its root, the first branch and the first leaf. */
static char *
deep_root(const struct image *image)
{
	char *tree = tree_of(image, DEEP);

	assert_int_equal(get(tree + DEPTH, 2), 3);
	return root_of(image, tree);
}

static char *
deep_branch(const struct image *image)
{
	return child(image, deep_root(image), 0);
}

static char *
deep_leaf(const struct image *image)
{
	return child(image, deep_branch(image), 0);
}

/* The node of the large value of table SMALL, and of that of the free list. */
static char *
large_of(char *page)
{
	for (unsigned int i = 0; i < nodes_of(page); i++)
		if (get(node_of(page, i) + KIND, 2) == 1)
			return node_of(page, i);
	fail_msg("no large value");
	return NULL;
}

static char *
large_value(const struct image *image)
{
	return large_of(root_of(image, tree_of(image, SMALL)));
}

static char *
large_free(const struct image *image)
{
	return large_of(root_of(image, image->metas[0] + FREE));
}

static char *
pages_of_node(const struct image *image, const char *node)
{
	return page_of(image, get(node + NAME + get(node + KEY, 2), 8));
}

/* Add by to the number of n bytes there. */
static void
add(char *at, size_t n, int64_t by)
{
	put(at, n, get(at, n) + (uint64_t)by);
}

/* ------------------------------------------------------------ ways to spoil */

static void
nothing(struct image *image)
{
	(void)image;
}

#define SPOILS(name, ...)                                                      \
	static void name(struct image *image)                                  \
	{                                                                      \
		__VA_ARGS__;                                                   \
	}

static void
tree_number(struct image *image, enum rst_table table, int at, size_t n,
            uint64_t number)
{
	put(tree_of(image, table) + at, n, number);
}

/* How far the newest commit goes, and the file. */
static uint64_t
last_of(const struct image *image)
{
	return get(image->metas[0] + LAST, 8);
}

/* clang-format off */
SPOILS(commits_apart, add(image->metas[1] + COMMIT, 8, -2))
SPOILS(both_of_one_parity, add(image->metas[0] + COMMIT, 8, 1))
SPOILS(page_size_small, put(image->bytes + OF_META + FREE, 4, 256))
SPOILS(page_size_large, put(image->bytes + OF_META + FREE, 4, 131072))
SPOILS(page_size_odd, put(image->bytes + OF_META + FREE, 4, 12288))
SPOILS(no_magic, put(image->metas[0] + MAGIC, 4, 1))
SPOILS(meta_elsewhere, put(image->bytes + image->page, 8, 7))
SPOILS(small_map, put(image->metas[0] + MAP, 8, image->page))
SPOILS(cut_in_metas, image->len = image->page + 20)
SPOILS(no_depth, tree_number(image, DEEP, DEPTH, 2, 0))
SPOILS(too_deep, tree_number(image, DEEP, DEPTH, 2, 33))
SPOILS(no_root, tree_number(image, DEEP, ROOT, 8, NOT_THERE))
SPOILS(empty_but_deep, tree_number(image, EMPTY, DEPTH, 2, 1))
SPOILS(empty_with_rows, tree_number(image, EMPTY, ENTRIES, 8, 1))
SPOILS(empty_with_pages, tree_number(image, EMPTY, LEAVES, 8, 1))
SPOILS(more_branches, add(tree_of(image, DEEP) + BRANCHES, 8, 1))
SPOILS(more_leaves, add(tree_of(image, DEEP) + LEAVES, 8, 1))
SPOILS(more_rows, add(tree_of(image, DEEP) + ENTRIES, 8, 1))
SPOILS(more_overflows, add(tree_of(image, SMALL) + OVERFLOWS, 8, 1))
SPOILS(table_of_numbers, tree_number(image, DEEP, FLAGS, 2, 8))
SPOILS(table_with_pad, tree_number(image, DEEP, PAD, 4, 8))
SPOILS(plain_table, put(tree_node(image, DEEP) + KIND, 2, 0))
SPOILS(large_table, put(tree_node(image, DEEP) + KIND, 2, 1);
       add(tree_node(image, DEEP) + KEY, 2, 40))
SPOILS(row_of_a_kind, put(node_of(deep_leaf(image), 0) + KIND, 2, 2))
SPOILS(short_table, add(tree_node(image, DEEP) + LOW, 2, -8);
       add(tree_node(image, DEEP) + KEY, 2, 8))
SPOILS(never_used, tree_number(image, DEEP, ROOT, 8, last_of(image) + 1))
SPOILS(beyond_the_end,
       tree_number(image, DEEP, ROOT, 8, image->len / image->page))
SPOILS(leaf_never_used,
       put(node_of(deep_branch(image), 1), 4, last_of(image) + 1))
SPOILS(leaf_beyond_the_end,
       put(node_of(deep_branch(image), 1), 4, image->len / image->page))
SPOILS(leaf_far_away, put(node_of(deep_branch(image), 1) + KIND, 2, 1))
SPOILS(twice, put(node_of(deep_branch(image), 1), 4,
                  get(node_of(deep_branch(image), 0), 4)))
SPOILS(cut_in_a_page, image->len = image->page * (last_of(image) + 1) - 8)
SPOILS(another_number, add(deep_leaf(image), 8, 1))
SPOILS(another_kind, put(deep_leaf(image) + 10, 2, 1))
SPOILS(lower_small, put(deep_leaf(image) + 12, 2, 14))
SPOILS(lower_odd, add(deep_leaf(image) + 12, 2, 1))
SPOILS(lower_above_upper, put(deep_leaf(image) + 14, 2, 16))
SPOILS(upper_outside, put(deep_leaf(image) + 14, 2, image->page + 1))
SPOILS(no_nodes, put(deep_leaf(image) + 12, 2, 16))
SPOILS(one_way_down, put(deep_branch(image) + 12, 2, 18))
SPOILS(node_low, put(deep_leaf(image) + 16, 2, 16))
SPOILS(node_odd, add(deep_leaf(image) + 16, 2, 1))
SPOILS(node_at_the_end, put(deep_leaf(image) + 16, 2, image->page - 6))
SPOILS(node_long, put(node_of(deep_leaf(image), 0) + KEY, 2, 60000))
SPOILS(value_long, put(node_of(deep_leaf(image), 0), 2, 60000))
SPOILS(gap, add(node_of(deep_leaf(image), 0) + KEY, 2, -2))
SPOILS(no_key, put(node_of(deep_leaf(image), 0), 2, KEY_LONG + 2);
       put(node_of(deep_leaf(image), 0) + KEY, 2, 0))
SPOILS(falling, memset(node_of(deep_leaf(image), 1) + NAME, 0, KEY_LONG))
SPOILS(one_key_twice, memcpy(node_of(deep_leaf(image), 1) + NAME,
                             node_of(deep_leaf(image), 0) + NAME, KEY_LONG))
SPOILS(branch_key_twice, memcpy(node_of(deep_branch(image), 2) + NAME,
                                node_of(deep_branch(image), 1) + NAME, 20))
SPOILS(neighbours_key,
       memset(node_of(deep_leaf(image), nodes_of(deep_leaf(image)) - 1) + NAME,
              0xff, 8))
SPOILS(neighbours_first, memset(node_of(child(image, deep_branch(image), 1), 0)
                                        + NAME, 0, 8))
SPOILS(large_elsewhere, put(large_value(image) + NAME +
                            get(large_value(image) + KEY, 2), 8, NOT_THERE))
SPOILS(large_number, add(pages_of_node(image, large_value(image)), 8, 1))
SPOILS(large_kind, put(pages_of_node(image, large_value(image)) + 10, 2, 2))
SPOILS(large_pages, add(pages_of_node(image, large_value(image)) + 12, 4, 1))
SPOILS(free_cut, add(large_free(image) + LOW, 2, -4))
SPOILS(free_many, put(pages_of_node(image, large_free(image)) + 16, 8, 99999))
SPOILS(free_rising, put(pages_of_node(image, large_free(image)) + 32, 8,
                        last_of(image)))
SPOILS(free_meta, put(pages_of_node(image, large_free(image)) + 16, 8, 1);
       put(pages_of_node(image, large_free(image)) + 24, 8, 1))
SPOILS(free_beyond, put(pages_of_node(image, large_free(image)) + 24, 8,
                        last_of(image) + 1))
SPOILS(free_and_used, put(pages_of_node(image, large_free(image)) + 16, 8, 1);
       put(pages_of_node(image, large_free(image)) + 24, 8,
           get(tree_of(image, DEEP) + ROOT, 8)))
/* clang-format on */

/* The value says to have so many bytes, and its pages agree. */
static void
large_to(struct image *image, uint64_t pages)
{
	char *node = large_value(image);
	uint64_t bytes = pages * image->page - 16;

	put(pages_of_node(image, node) + 12, 4, pages);
	put(node, 2, bytes & 0xffff);
	put(node + 2, 2, bytes >> 16);
}

static void
large_beyond_the_end(struct image *image)
{
	large_to(image, image->len / image->page + 1);
}

static void
large_beyond_the_last(struct image *image)
{
	uint64_t number = (uint64_t)(pages_of_node(image, large_value(image)) -
	                             image->bytes) /
	                  image->page;

	large_to(image, last_of(image) + 2 - number);
}

/* In place of a key's 8 bytes and a list, a list of three bytes. */
static void
free_without_number(struct image *image)
{
	char *page = root_of(image, image->metas[0] + FREE);
	char *node = node_of(page, 0);
	uint64_t len = get(node, 2);

	assert_int_equal(get(node + KIND, 2), 0);
	put(node, 2, 4);
	put(node + KEY, 2, 8 + len - 4);
}

static const struct way {
	const char *what;
	void (*spoil)(struct image *image);
	const char *text; /* NULL: it is sound */
	bool branches;    /* without the leaves */
} ways[] = {
#define ALL(spoil, text)                                                       \
	{                                                                      \
#spoil, spoil, text, false                                     \
	}
#define BRANCHES(spoil, text)                                                  \
	{                                                                      \
#spoil, spoil, text, true                                      \
	}
	ALL(nothing, NULL),
	BRANCHES(nothing, NULL),
	ALL(commits_apart, "do not follow each other"),
	ALL(both_of_one_parity, "do not follow each other"),
	ALL(page_size_small, "page size"),
	ALL(page_size_large, "page size"),
	ALL(page_size_odd, "page size"),
	ALL(no_magic, "no beginning"),
	ALL(meta_elsewhere, "no beginning"),
	ALL(small_map, "the map ends"),
	ALL(cut_in_metas, "the file ends in it"),
	ALL(cut_in_a_page, "a large value ends outside"),
	ALL(no_depth, "too deep"),
	ALL(too_deep, "too deep"),
	ALL(no_root, "no root"),
	ALL(empty_but_deep, "no root"),
	ALL(empty_with_rows, "no root"),
	ALL(empty_with_pages, "other pages"),
	ALL(more_branches, "other pages"),
	ALL(more_leaves, "other pages"),
	ALL(more_rows, "other rows"),
	BRANCHES(more_rows, NULL),
	ALL(more_overflows, "other rows"),
	ALL(table_of_numbers, "a table has flags"),
	ALL(table_with_pad, "a table has flags"),
	ALL(plain_table, "no kind"),
	ALL(large_table, "no kind"),
	ALL(row_of_a_kind, "no kind"),
	ALL(short_table, "a table is none"),
	ALL(never_used, "never in use"),
	ALL(beyond_the_end, "the file ends before"),
	ALL(leaf_never_used, "never in use"),
	BRANCHES(leaf_never_used, "not there"),
	BRANCHES(leaf_beyond_the_end, "not there"),
	ALL(leaf_far_away, "the file ends before"),
	ALL(twice, "two places"),
	BRANCHES(twice, "two places"),
	ALL(another_number, "another"),
	BRANCHES(another_number, NULL),
	ALL(another_kind, "of the kind"),
	ALL(lower_small, "out of bounds"),
	ALL(lower_odd, "out of bounds"),
	ALL(lower_above_upper, "out of bounds"),
	ALL(upper_outside, "out of bounds"),
	ALL(no_nodes, "out of bounds"),
	ALL(one_way_down, "out of bounds"),
	ALL(node_low, "a node is outside"),
	ALL(node_odd, "a node is outside"),
	ALL(node_at_the_end, "a node is outside"),
	ALL(node_long, "a node ends outside"),
	ALL(value_long, "a node ends outside"),
	ALL(gap, "gaps"),
	ALL(no_key, "no key"),
	ALL(falling, "do not rise"),
	ALL(one_key_twice, "do not rise"),
	ALL(branch_key_twice, "do not rise"),
	ALL(neighbours_key, "neighbour's"),
	ALL(neighbours_first, "do not rise"),
	ALL(large_elsewhere, "the file ends before"),
	ALL(large_number, "not a large value's"),
	ALL(large_kind, "not a large value's"),
	ALL(large_pages, "not a large value's"),
	ALL(large_beyond_the_end, "a large value ends outside"),
	ALL(large_beyond_the_last, "a large value ends outside"),
	ALL(free_without_number, "no key"),
	ALL(free_cut, "cut off"),
	ALL(free_many, "cut off"),
	ALL(free_rising, "no page"),
	ALL(free_meta, "no page"),
	ALL(free_beyond, "no page"),
	ALL(free_and_used, "two places"),
};

/* ------------------------------------------------------------------- runner */

static void
put_rows(struct rst_wtxn *txn)
{
	char key[KEY_LONG], large[LARGE];

	memset(key, 'k', sizeof(key));
	memset(large, 'l', sizeof(large));
	for (uint32_t i = 0; i < ROWS; i++) {
		rst_put_be32(key, i);
		assert_int_equal(rst_db_put(txn, DEEP,
		                            rst_view(key, sizeof(key)),
		                            RST_VIEW("xx"), true),
		                 RST_OK);
	}
	assert_int_equal(rst_db_put(txn, SMALL, RST_VIEW("a-large-one"),
	                            rst_view(large, sizeof(large)), true),
	                 RST_OK);
	for (uint32_t i = 0; i < FREED; i++) {
		rst_put_be32(key, i);
		assert_int_equal(rst_db_put(txn, RST_T_OUTBOX, rst_view(key, 4),
		                            rst_view(large, 5000), true),
		                 RST_OK);
	}
}

static void
drop_rows(struct rst_wtxn *txn)
{
	char key[4];

	for (uint32_t i = 0; i < FREED; i++) {
		rst_put_be32(key, i);
		assert_int_equal(
			rst_db_drop(txn, RST_T_OUTBOX, rst_view(key, 4)),
			RST_OK);
	}
}

static char *
meta_at(const struct image *image, unsigned int i)
{
	return image->bytes + i * image->page + OF_META;
}

static void
look_at_metas(struct image *image)
{
	unsigned int newest;

	image->page = get(image->bytes + OF_META + FREE, 4);
	newest = get(meta_at(image, 1) + COMMIT, 8) >
	         get(meta_at(image, 0) + COMMIT, 8);
	image->metas[0] = meta_at(image, newest);
	image->metas[1] = meta_at(image, 1 - newest);
}

/* The file as it was left, and some pages that nobody used. */
static struct image
read_image(int fd)
{
	struct image image = { .bytes = NULL };
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	image.len = (size_t)st.st_size;
	image.bytes = calloc(1, image.len + SPARE * 65536);
	assert_non_null(image.bytes);
	assert_int_equal(pread(fd, image.bytes, image.len, 0), image.len);
	look_at_metas(&image);
	image.len = (last_of(&image) + 1 + SPARE) * image.page;
	return image;
}

static bool
try_one(int fd, const struct image *sound, const struct way *way)
{
	struct rst_detail detail = { "" };
	struct image image = *sound;
	bool right = false;
	enum rst_err err;

	image.bytes = malloc(sound->len);
	assert_non_null(image.bytes);
	memcpy(image.bytes, sound->bytes, sound->len);
	look_at_metas(&image);
	way->spoil(&image);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(pwrite(fd, image.bytes, image.len, 0), image.len);
	err = rst_pages_verify(
		fd, 0, way->branches ? RST_PAGES_BRANCHES : RST_PAGES_ALL,
		&detail);
	if (err != (way->text != NULL ? RST_ECORRUPT : RST_OK) ||
	    (way->text != NULL && strstr(detail.text, way->text) == NULL))
		print_error("%s: %s: %s\n", way->what, rst_strerror(err),
		            detail.text);
	else
		right = true;
	free(image.bytes);
	return right;
}

static void
no_page_is_followed_that_cannot_be(void **state)
{
	struct fixture *fixture = *state;
	struct image image;
	struct rst_wtxn txn;
	char path[200];
	unsigned int wrong = 0;
	int fd;

	fixture_write(fixture, &txn);
	put_rows(&txn);
	fixture_commit(&txn);
	fixture_write(fixture, &txn);
	drop_rows(&txn);
	fixture_commit(&txn);
	rst_env_close(fixture->env);
	fixture->env = NULL;
	snprintf(path, sizeof(path), "%s/data.mdb", fixture->dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	image = read_image(fd);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		wrong += try_one(fd, &image, &ways[i]) ? 0 : 1;
	assert_int_equal(wrong, 0);
	free(image.bytes);
	close(fd);
}

/* What is no file at all, and what nobody can read. */
static void
what_cannot_be_read_is_an_error(void **state)
{
	struct rst_detail detail;

	(void)state;
	assert_int_equal(rst_pages_verify(-1, 0, RST_PAGES_ALL, &detail),
	                 RST_EIO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(no_page_is_followed_that_cannot_be),
		cmocka_unit_test(what_cannot_be_read_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
