/* SPDX-License-Identifier: OLDAP-2.8 */
/* static.c - /static/NAME, and what one is sent to from "/" */
#include <string.h>

#include "httpd/api.h"
#include "httpd/files.h"

/* GET /static/{} */
void
page_static(struct http_req *req, struct http_reply *reply)
{
	const struct http_file *file;
	const char *version = http_query_get(&req->query, "v");

	file = http_files_get(req->server->files, req->arg[0]);
	if (file == NULL) {
		http_reply_err(req, reply, RST_ENOTFOUND, NULL);
		return;
	}
	reply->content_type = file->type;
	reply->fixed = file->text;
	reply->text_len = file->len;
	reply->immutable = version != NULL && strcmp(version, file->hash) == 0;
}

/* GET / */
void
page_home(struct http_req *req, struct http_reply *reply)
{
	const char *home = !req->who.signed_in      ? "/login"
	                   : req->who.administrator ? "/overview"
	                                            : "/me";

	http_location(reply, home, RST_VIEW(""), "");
}
