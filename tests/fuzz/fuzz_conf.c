/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_conf.c - a rosterd.conf */
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "httpd/conf.h"
#include "tests/fuzz/fuzz.h"

/* A key that ends in _file, in any case, would name a file of this machine. */
static bool
names_a_file(const uint8_t *data, size_t size)
{
	static const char end[] = "_file";
	const size_t len = sizeof(end) - 1;

	for (size_t i = 0; i + len <= size; i++)
		if (strncasecmp((const char *)data + i, end, len) == 0)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_config config = { 0 };
	struct rst_detail why = { 0 };
	char path[32];
	int fd;

	if (names_a_file(data, size))
		return 0;
	fd = memfd_create("conf", MFD_CLOEXEC);
	FUZZ_MUST(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (http_config_read(&config, path, false, &why) == RST_OK)
		(void)!http_config_check(&config, &why);
	http_config_release(&config);
	close(fd);
	return 0;
}
