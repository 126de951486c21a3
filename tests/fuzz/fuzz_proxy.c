/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_proxy.c - X-Forwarded-For, from a proxy that is trusted; then a URL and
 * an address to listen at, a line each */
#include "httpd/conf.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rst_view left = rst_view(data, size);
	char client[64], *text;
	struct http_site site;
	struct http_listen on;

	if (http_proxy_client("10.0.0.0/8, 127.0.0.1", "127.0.0.1",
	                      fuzz_line(&left), client, sizeof(client)))
		FUZZ_MUST(client[0] != '\0' &&
		          strspn(client, "[0123456789abcdefABCDEF.:]") ==
		                  strlen(client));
	text = fuzz_text(fuzz_line(&left));
	if (http_site_parse(text, &site))
		FUZZ_MUST(site.port != 0 && site.host[0] != '\0');
	free(text);
	text = fuzz_text(fuzz_line(&left));
	if (http_listen_parse(text, &on))
		FUZZ_MUST(on.where[0] != '\0');
	free(text);
	return 0;
}
