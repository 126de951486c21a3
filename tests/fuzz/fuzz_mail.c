/* SPDX-License-Identifier: OLDAP-2.8 */
/* fuzz_mail.c - an address, a sender and a rendered text, a line each and the
 * rest: nothing of them makes a header field */
#include "httpd/mail.h"
#include "rules/registration.h"
#include "store/ident.h"
#include "tests/fuzz/fuzz.h"

/* Each line of the head is one of those that a mail has, or its going on. */
static void
check_head(const char *text)
{
	static const char *const known[] = {
		"Date:",
		"From:",
		"To:",
		"Subject:",
		"Message-ID:",
		"MIME-Version:",
		"Content-Type:",
		"Content-Transfer-Encoding:",
		"Auto-Submitted:",
		" ",
		"\t",
	};
	const char *line = text, *end;

	while (strncmp(line, "\r\n", 2) != 0) {
		bool found = false;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			found |= strncmp(line, known[i], strlen(known[i])) == 0;
		FUZZ_MUST(found);
		end = strstr(line, "\r\n");
		FUZZ_MUST(end != NULL);
		FUZZ_MUST(memchr(line, '\n', (size_t)(end - line)) == NULL);
		line = end + 2;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rst_view left = rst_view(data, size), address;
	struct mail_envelope envelope = { .message_id = "1@example.org" };
	char canonical[RST_MAIL_MAX + 1], *from, *message = NULL;
	struct mail_text text = { "", NULL, NULL };

	address = fuzz_line(&left);
	if (rst_mail_canonical(address, canonical) != RST_OK)
		return 0; /* which no mail is ever sent to */
	(void)rule_registration_mail("example.org", "example.com", canonical);
	from = fuzz_text(fuzz_line(&left));
	text.text = fuzz_text(left);
	/* whether there is HTML is a matter of chance; what, is not */
	if (left.len % 2 == 1)
		text.html = fuzz_text(left);
	envelope.from = from;
	envelope.to = canonical;
	if (mail_take_subject(&text) &&
	    mail_compose(&envelope, &text, &message) == RST_OK)
		check_head(message);
	free(message);
	mail_text_release(&text);
	free(from);
	return 0;
}
