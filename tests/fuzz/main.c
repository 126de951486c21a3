/* SPDX-License-Identifier: OLDAP-2.8 */
/* main.c - a target over the files it is given, each once */
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (1 << 20) /* bytes of one file */

static void
replay(const char *path, uint8_t *buf)
{
	FILE *file = fopen(path, "rb");
	size_t n;
	uint8_t *copy;

	FUZZ_MUST(file != NULL);
	n = fread(buf, 1, INPUT_MAX, file);
	fclose(file);
	copy = malloc(n > 0 ? n : 1); /* of just this size, for the checkers */
	FUZZ_MUST(copy != NULL);
	memcpy(copy, buf, n);
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

int
main(int argc, char **argv)
{
	uint8_t *buf = malloc(INPUT_MAX);

	FUZZ_MUST(buf != NULL);
	for (int i = 1; i < argc; i++)
		replay(argv[i], buf);
	free(buf);
	return argc > 1 ? 0 : 77;
}
