/* SPDX-License-Identifier: OLDAP-2.8 */
/* arena.c - memory of entries that are released together
 *
 * A batch of a search is some hundred entries that live until they are sent:
 * their names, attributes and values are cut from a few chunks.  Chunks come
 * from the operation's memory, or from malloc for an entry that may outlive
 * the operation.
 */
#include "back-roster.h"

#include "entry_priv.h"

#define CHUNK_FIRST 4096
#define CHUNK_MAX   65536
#define ALIGNMENT   16

struct chunk {
	struct chunk *next;
	char pad[ALIGNMENT - sizeof(void *)];
	char bytes[];
};

static void *
memory(Operation *op, size_t size)
{
	return op != NULL ? op->o_tmpalloc(size, op->o_tmpmemctx)
	                  : ch_malloc(size);
}

static void
no_memory(Operation *op, void *at)
{
	if (op != NULL)
		op->o_tmpfree(at, op->o_tmpmemctx);
	else
		ch_free(at);
}

struct back_arena *
back_arena_new(Operation *op)
{
	struct back_arena *arena = memory(op, sizeof(*arena));

	memset(arena, 0, sizeof(*arena));
	arena->op = op;
	arena->next_size = CHUNK_FIRST;
	return arena;
}

static void
add_chunk(struct back_arena *arena, size_t size)
{
	struct chunk *chunk;

	if (size < arena->next_size)
		size = arena->next_size;
	if (arena->next_size < CHUNK_MAX)
		arena->next_size *= 2;
	chunk = memory(arena->op, sizeof(*chunk) + size);
	chunk->next = arena->chunks;
	arena->chunks = chunk;
	arena->at = chunk->bytes;
	arena->left = size;
}

void *
back_arena_alloc(struct back_arena *arena, size_t size)
{
	void *at;

	size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (size > arena->left)
		add_chunk(arena, size);
	at = arena->at;
	arena->at += size;
	arena->left -= size;
	arena->used += size;
	return at;
}

size_t
back_arena_used(const struct back_arena *arena)
{
	return arena->used;
}

void
back_arena_free(struct back_arena *arena)
{
	struct chunk *chunk, *next;

	if (arena == NULL)
		return;
	for (chunk = arena->chunks; chunk != NULL; chunk = next) {
		next = chunk->next;
		no_memory(arena->op, chunk);
	}
	no_memory(arena->op, arena);
}
