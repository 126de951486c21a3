/* SPDX-License-Identifier: OLDAP-2.8 */
/* env_pages.c - the pages of data.mdb, looked at before LMDB follows them
 *
 * LMDB trusts its file: a damaged page makes it follow wild numbers, which is
 * the end of the process, or a wrong answer.  So before it does, the file is
 * read, not mapped, and held against what it must look like:
 *
 *	meta 0	magic, version, page size, last page, number of its commit,
 *	meta 1	two trees each: the free list, the table of tables
 *	page	its own number, kind; offsets of nodes; nodes
 *	node	of a branch: a page; of a leaf: a key and a value, or where the
 *		value's pages are, or a table: the root of one more tree
 *
 * Every number must lie in its page or in the file, each page have one place,
 * keys rise, nodes fill their page's end without a gap, the counts that each
 * tree keeps of itself be right, and the two metas be of successive commits.
 * A walk sees one commit; a reader's slot keeps others from changing it.
 *
 * Numbers are the machine's own: LMDB's files do not move between byte orders.
 */
#include "store/env_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC      0xbeefc0de
#define VERSION    1
#define NO_PAGE    UINT64_MAX
#define PAGE_MIN   512
#define PAGE_MAX   65536
#define HEAD_BYTES 16
#define NODE_BYTES 8
#define DEPTH_MAX  32 /* LMDB's */
#define META_TRIES 100

#define PAGE_BRANCH   0x01
#define PAGE_LEAF     0x02
#define PAGE_OVERFLOW 0x04
#define PAGE_META     0x08
#define NODE_BIG      0x01
#define NODE_TABLE    0x02
#define FLAG_INTEGER  0x08   /* of the free list: its keys are numbers */
#define FLAG_ALONE    0x4000 /* how it was made: env_make.c */

struct tree {
	uint32_t pad;
	uint16_t flags, depth;
	uint64_t branches, leaves, overflows, entries, root;
};
_Static_assert(sizeof(struct tree) == 48, "as LMDB keeps it");

struct meta {
	uint32_t magic, version;
	uint64_t address, map_bytes;
	struct tree trees[2];
	uint64_t last_page, commit;
};
_Static_assert(sizeof(struct meta) == 136, "as LMDB keeps it");

struct head {
	uint64_t number;
	uint16_t pad, flags, lower, upper;
};
_Static_assert(sizeof(struct head) == HEAD_BYTES, "as LMDB keeps it");

struct walk {
	int fd;
	uint32_t page_bytes;
	uint64_t pages;      /* in the file */
	uint64_t last_page;  /* ever used */
	unsigned char *seen; /* a bit each */
	bool leaves;         /* read them too */
	struct rst_detail *why;
	/* of the tree at hand */
	const struct tree *tree;
	bool numbers; /* its keys are numbers, its values lists of pages */
	bool tables;  /* its values are tables */
	struct tree found;
	char *levels[DEPTH_MAX]; /* a page each, of the way down */
	/* what the table of tables names, to be walked when it is through */
	struct tree *named;
	size_t n_named;
};

static enum rst_err
damaged(struct walk *walk, uint64_t page, const char *what)
{
	rst_detail_set(walk->why,
	               "data.mdb is damaged: page %" PRIu64 ": %s: restore a "
	               "backup",
	               page, what);
	return RST_ECORRUPT;
}

static uint16_t
number16(const char *at)
{
	uint16_t n;

	memcpy(&n, at, sizeof(n));
	return n;
}

static uint64_t
number64(const char *at)
{
	uint64_t n;

	memcpy(&n, at, sizeof(n));
	return n;
}

static enum rst_err
read_page(struct walk *walk, uint64_t number, char *page, size_t len)
{
	ssize_t n;

	if (number >= walk->pages || number > walk->last_page)
		return damaged(walk, number,
		               number < walk->pages
		                       ? "it was never in use"
		                       : "the file ends before it");
	n = pread(walk->fd, page, len, (off_t)(number * walk->page_bytes));
	if (n < 0)
		return RST_EIO;
	return (size_t)n == len ? RST_OK
	                        : damaged(walk, number, "the file ends in it");
}

/* Pages from number on have their one place now. */
static enum rst_err
take(struct walk *walk, uint64_t number, uint64_t n)
{
	for (uint64_t i = number; i < number + n; i++) {
		unsigned char bit = (unsigned char)(1u << (i % 8));

		/* A free page may lie beyond the file's end. */
		if (i >= walk->pages)
			return RST_OK;
		if ((walk->seen[i / 8] & bit) != 0)
			return damaged(walk, i, "it is in two places");
		walk->seen[i / 8] |= bit;
	}
	return RST_OK;
}

/* What one node says; at points to its begin. */
struct node {
	uint64_t low; /* bytes of the value, or the page below */
	uint16_t flags;
	struct rst_view key;
	const char *value;
};

static uint16_t
count_of(const char *page)
{
	return (uint16_t)((number16(page + 12) - HEAD_BYTES) / 2);
}

static struct node
node_at(const char *page, unsigned int i)
{
	const char *at = page + number16(page + HEAD_BYTES + 2 * i);
	struct node node;

	node.low = number16(at) | (uint64_t)number16(at + 2) << 16;
	node.flags = number16(at + 4);
	node.key = rst_view(at + NODE_BYTES, number16(at + 6));
	node.value = at + NODE_BYTES + node.key.len;
	return node;
}

static int
compare(const struct walk *walk, struct rst_view a, struct rst_view b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order;

	if (walk->numbers) {
		uint64_t x = number64(a.ptr), y = number64(b.ptr);

		return x < y ? -1 : x > y;
	}
	order = memcmp(a.ptr, b.ptr, len);
	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* The head, and that all nodes lie in the page and fill its end. */
static enum rst_err
check_layout(struct walk *walk, uint64_t number, const char *page, bool leaf)
{
	struct head head;
	size_t used = 0, size;

	memcpy(&head, page, sizeof(head));
	if (head.number != number)
		return damaged(walk, number, "it says to be another");
	if (head.flags != (leaf ? PAGE_LEAF : PAGE_BRANCH))
		return damaged(walk, number,
		               "it is not of the kind it must "
		               "be");
	if (head.lower < HEAD_BYTES || head.lower % 2 != 0 ||
	    head.lower > head.upper || head.upper > walk->page_bytes ||
	    count_of(page) < (leaf ? 1 : 2))
		return damaged(walk, number, "its head is out of bounds");
	for (unsigned int i = 0; i < count_of(page); i++) {
		size_t at = number16(page + HEAD_BYTES + 2 * i);
		struct node node;

		if (at < head.upper || at % 2 != 0 ||
		    at + NODE_BYTES > walk->page_bytes)
			return damaged(walk, number, "a node is outside");
		node = node_at(page, i);
		size = NODE_BYTES + node.key.len;
		if (leaf)
			size += (node.flags & NODE_BIG) != 0 ? 8 : node.low;
		if (size > walk->page_bytes - at)
			return damaged(walk, number, "a node ends outside");
		used += (size + 1) & ~(size_t)1;
	}
	if (used != walk->page_bytes - head.upper)
		return damaged(walk, number, "its nodes leave gaps");
	return RST_OK;
}

/* Keys rise, from low on and below high (NULL ptr: no bound). */
static enum rst_err
check_keys(struct walk *walk, uint64_t number, const char *page, bool leaf,
           struct rst_view low, struct rst_view high)
{
	unsigned int n = count_of(page);
	struct rst_view last = low;

	/* a branch's first key is never looked at */
	for (unsigned int i = leaf ? 0 : 1; i < n; i++) {
		struct rst_view key = node_at(page, i).key;
		bool first = i == (leaf ? 0 : 1);
		int order;

		if (walk->numbers ? key.len != 8 : key.len == 0)
			return damaged(walk, number, "a key is no key");
		order = last.ptr == NULL ? 1 : compare(walk, key, last);
		if (order < 0 || (order == 0 && !(first && leaf)))
			return damaged(walk, number, "its keys do not rise");
		last = key;
	}
	if (high.ptr != NULL && last.ptr != NULL &&
	    compare(walk, last, high) >= 0)
		return damaged(walk, number, "a key is its neighbour's");
	return RST_OK;
}

/* The pages that hold one large value. */
static enum rst_err
check_overflow(struct walk *walk, uint64_t number, uint64_t bytes)
{
	uint64_t n =
		(HEAD_BYTES + bytes + walk->page_bytes - 1) / walk->page_bytes;
	char bytes_of_head[HEAD_BYTES];
	struct head head;
	uint32_t pages;
	enum rst_err err;

	err = read_page(walk, number, bytes_of_head, HEAD_BYTES);
	if (err != RST_OK)
		return err;
	memcpy(&head, bytes_of_head, sizeof(head));
	memcpy(&pages, bytes_of_head + 12, sizeof(pages));
	if (head.number != number || head.flags != PAGE_OVERFLOW || pages != n)
		return damaged(walk, number, "it is not a large value's");
	if (n > walk->pages - number || number + n - 1 > walk->last_page)
		return damaged(walk, number, "a large value ends outside");
	walk->found.overflows += n;
	return take(walk, number, n);
}

/* A row of the free list: how many, then page numbers that fall. */
static enum rst_err
check_free(struct walk *walk, uint64_t number, const char *value, size_t len)
{
	uint64_t n = len >= 8 ? number64(value) : UINT64_MAX;
	uint64_t last = UINT64_MAX;
	enum rst_err err = RST_OK;

	if (len % 8 != 0 || n > len / 8 - 1)
		return damaged(walk, number, "a free list is cut off");
	for (uint64_t i = 1; err == RST_OK && i <= n; i++) {
		uint64_t page = number64(value + 8 * i);

		if (page >= last || page < 2 || page > walk->last_page)
			return damaged(walk, number,
			               "a free list names what "
			               "is no page");
		last = page;
		err = take(walk, page, 1);
	}
	return err;
}

static enum rst_err
check_large_free(struct walk *walk, uint64_t number, size_t len)
{
	char *value = malloc(len);
	enum rst_err err = RST_ENOMEM;
	ssize_t n;

	if (value == NULL)
		goto out;
	n = pread(walk->fd, value, len,
	          (off_t)(number * walk->page_bytes + HEAD_BYTES));
	err = n == (ssize_t)len ? check_free(walk, number, value, len)
	                        : RST_EIO;
out:
	free(value);
	return err;
}

/* Tables are walked when the table of tables is through: the pages of the way
 * down are one set. */
static enum rst_err
take_table(struct walk *walk, uint64_t number, const struct node *node)
{
	struct tree *grown, tree;

	if (node->low != sizeof(tree))
		return damaged(walk, number, "a table is none");
	memcpy(&tree, node->value, sizeof(tree));
	if (tree.flags != 0 || tree.pad != 0)
		return damaged(walk, number, "a table has flags");
	grown = realloc(walk->named, (walk->n_named + 1) * sizeof(*grown));
	if (grown == NULL)
		return RST_ENOMEM;
	walk->named = grown;
	walk->named[walk->n_named++] = tree;
	return RST_OK;
}

static enum rst_err
check_leaf(struct walk *walk, uint64_t number, const char *page)
{
	enum rst_err err = RST_OK;

	for (unsigned int i = 0; err == RST_OK && i < count_of(page); i++) {
		struct node node = node_at(page, i);
		uint16_t flags = walk->tables ? NODE_TABLE : 0;
		uint64_t below;

		walk->found.entries++;
		if (node.flags == flags) {
			if (walk->tables)
				err = take_table(walk, number, &node);
			if (walk->numbers)
				err = check_free(walk, number, node.value,
				                 node.low);
			continue;
		}
		if (walk->tables || node.flags != NODE_BIG)
			return damaged(walk, number, "a node is of no kind");
		below = number64(node.value);
		err = check_overflow(walk, below, node.low);
		if (err == RST_OK && walk->numbers)
			err = check_large_free(walk, below, node.low);
	}
	return err;
}

static enum rst_err
walk_page(struct walk *walk, uint64_t number, unsigned int depth,
          struct rst_view low, struct rst_view high)
{
	bool leaf = depth + 1 == walk->tree->depth;
	char *page = walk->levels[depth];
	unsigned int n;
	enum rst_err err;

	if (leaf && !walk->leaves && !walk->tables) {
		walk->found.leaves++;
		return number < walk->pages && number <= walk->last_page
		               ? take(walk, number, 1)
		               : damaged(walk, number, "it is not there");
	}
	err = read_page(walk, number, page, walk->page_bytes);
	if (err == RST_OK)
		err = take(walk, number, 1);
	if (err == RST_OK)
		err = check_layout(walk, number, page, leaf);
	if (err == RST_OK)
		err = check_keys(walk, number, page, leaf, low, high);
	if (err != RST_OK)
		return err;
	if (leaf) {
		walk->found.leaves++;
		return check_leaf(walk, number, page);
	}
	walk->found.branches++;
	n = count_of(page);
	for (unsigned int i = 0; err == RST_OK && i < n; i++) {
		struct node node = node_at(page, i);
		struct rst_view next =
			i + 1 < n ? node_at(page, i + 1).key : high;

		err = walk_page(walk, node.low | (uint64_t)node.flags << 32,
		                depth + 1, i > 0 ? node.key : low, next);
	}
	return err;
}

/* What the tree says of itself is what was found. */
static enum rst_err
check_counts(struct walk *walk)
{
	const struct tree *tree = walk->tree, *found = &walk->found;

	if (tree->branches != found->branches || tree->leaves != found->leaves)
		return damaged(walk, tree->root, "its tree has other pages");
	if ((walk->leaves || walk->tables) &&
	    (tree->overflows != found->overflows ||
	     tree->entries != found->entries))
		return damaged(walk, tree->root, "its tree has other rows");
	return RST_OK;
}

static enum rst_err
walk_tree(struct walk *walk, const struct tree *tree, bool numbers, bool tables)
{
	enum rst_err err;

	walk->tree = tree;
	walk->numbers = numbers;
	walk->tables = tables;
	memset(&walk->found, 0, sizeof(walk->found));
	if (tree->root == NO_PAGE)
		return tree->depth == 0 && tree->entries == 0
		               ? check_counts(walk)
		               : damaged(walk, 0, "a tree has no root");
	if (tree->depth == 0 || tree->depth > DEPTH_MAX)
		return damaged(walk, tree->root, "its tree is too deep");
	err = walk_page(walk, tree->root, 0, rst_view(NULL, 0),
	                rst_view(NULL, 0));
	return err == RST_OK ? check_counts(walk) : err;
}

static bool
is_sound(const struct meta *meta, uint32_t page_bytes)
{
	return meta->magic == MAGIC && meta->version == VERSION &&
	       meta->trees[0].pad == page_bytes &&
	       (meta->trees[0].flags | FLAG_ALONE) ==
	               (FLAG_INTEGER | FLAG_ALONE) &&
	       meta->trees[1].pad == 0 && meta->trees[1].flags == 0;
}

/* Both metas, as they are at one moment. */
static enum rst_err
read_metas(struct walk *walk, struct meta metas[2])
{
	struct {
		struct head head;
		struct meta meta;
	} page;

	for (unsigned int i = 0; i < 2; i++) {
		ssize_t n = pread(walk->fd, &page, sizeof(page),
		                  (off_t)i * (off_t)walk->page_bytes);

		if (n < 0)
			return RST_EIO;
		if (n != (ssize_t)sizeof(page))
			return damaged(walk, i, "the file ends in it");
		metas[i] = page.meta;
		if (i == 0) {
			walk->page_bytes = page.meta.trees[0].pad;
			if (walk->page_bytes < PAGE_MIN ||
			    walk->page_bytes > PAGE_MAX ||
			    (walk->page_bytes & (walk->page_bytes - 1)) != 0)
				return damaged(walk, i, "its page size");
		}
		if (page.head.number != i || page.head.flags != PAGE_META ||
		    !is_sound(&page.meta, walk->page_bytes))
			return damaged(walk, i, "it is no beginning of one");
	}
	return RST_OK;
}

/*
 * The meta of that commit (0: the newest).  A new file has two of commit 0;
 * then one is overwritten in turn.  Who writes at this moment may make them
 * look otherwise: look again.
 */
static enum rst_err
find_meta(struct walk *walk, uint64_t commit, struct meta *ret_meta)
{
	struct meta metas[2];
	enum rst_err err;

	for (int try = 0; try < META_TRIES; try++) {
		err = read_metas(walk, metas);
		if (err != RST_OK)
			return err;
		for (unsigned int i = 0; i < 2; i++) {
			uint64_t one = metas[i].commit;
			uint64_t other = metas[1 - i].commit;

			if ((commit != 0 ? one != commit : one < other) ||
			    (one % 2 != i && one != 0))
				continue;
			*ret_meta = metas[i];
			if (one == other + 1 || other == one + 1 ||
			    (one == 0 && other == 0))
				return RST_OK;
		}
	}
	return damaged(walk, 0,
	               "the two newest commits do not follow each "
	               "other");
}

static void
release(struct walk *walk)
{
	for (unsigned int i = 0; i < DEPTH_MAX; i++)
		free(walk->levels[i]);
	free(walk->seen);
	free(walk->named);
}

static enum rst_err
prepare(struct walk *walk, const struct meta *meta)
{
	struct stat st;

	if (fstat(walk->fd, &st) != 0)
		return RST_EIO;
	walk->pages = (uint64_t)st.st_size / walk->page_bytes;
	walk->last_page = meta->last_page;
	if (meta->map_bytes / walk->page_bytes <= meta->last_page)
		return damaged(walk, 0, "the map ends before the last page");
	walk->seen = calloc(1, walk->pages / 8 + 1);
	if (walk->seen == NULL)
		return RST_ENOMEM;
	for (unsigned int i = 0; i < DEPTH_MAX; i++) {
		walk->levels[i] = malloc(walk->page_bytes);
		if (walk->levels[i] == NULL)
			return RST_ENOMEM;
	}
	return take(walk, 0, 2);
}

enum rst_err
rst_pages_verify(int fd, uint64_t commit, enum rst_depth depth,
                 struct rst_detail *reterr)
{
	struct walk walk = { .fd = fd,
		             .leaves = depth == RST_PAGES_ALL,
		             .why = reterr };
	struct meta meta;
	enum rst_err err;

	err = find_meta(&walk, commit, &meta);
	if (err != RST_OK || depth == RST_PAGES_HEAD)
		return err;
	err = prepare(&walk, &meta);
	if (err == RST_OK)
		err = walk_tree(&walk, &meta.trees[0], true, false);
	if (err == RST_OK)
		err = walk_tree(&walk, &meta.trees[1], false, true);
	for (size_t i = 0; err == RST_OK && i < walk.n_named; i++)
		err = walk_tree(&walk, &walk.named[i], false, false);
	release(&walk);
	return err;
}
