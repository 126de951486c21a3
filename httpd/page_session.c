/* SPDX-License-Identifier: OLDAP-2.8 */
/* page_session.c - who is signed in, and the end of it, for browsers */
#include <stdio.h>
#include <string.h>

#include "httpd/api.h"
#include "httpd/page.h"

/* What a User-Agent says, in the order in which they pretend to be others. */
struct known {
	const char *part, *name;
};
static const struct known browsers[] = {
	{ "Edg/", "Edge" },        { "OPR/", "Opera" },
	{ "Firefox/", "Firefox" }, { "Chrome/", "Chrome" },
	{ "Safari/", "Safari" },   { "curl/", "curl" },
	{ "python", "Python" },    { NULL, NULL },
};
static const struct known systems[] = {
	{ "Android", "Android" }, { "iPhone", "iPhone" },
	{ "iPad", "iPad" },       { "Windows", "Windows" },
	{ "Mac OS", "macOS" },    { "CrOS", "ChromeOS" },
	{ "Linux", "Linux" },     { NULL, NULL },
};

static const char *
known_name(const struct known *known, const char *agent)
{
	for (; known->part != NULL; known++)
		if (strstr(agent, known->part) != NULL)
			return known->name;
	return "";
}

bool
page_sessions_tell(cJSON *items)
{
	cJSON *item;

	cJSON_ArrayForEach(item, items)
	{
		const char *agent = json_get(item, "agent")->valuestring;
		struct http_reply where = { .status = 200 };

		page_drop_port(item, "address");
		http_location(&where, "/users/",
		              rst_view_of(json_get(item, "user")->valuestring),
		              "");
		if (!json_add_text(item, "browser",
		                   known_name(browsers, agent)) ||
		    !json_add_text(item, "system",
		                   known_name(systems, agent)) ||
		    !json_add_text(item, "href", where.location))
			return false;
	}
	return true;
}

/* GET /sessions */
void
page_sessions(struct http_req *req, struct http_reply *reply)
{
	static const char *const names[] = { "user", "limit", NULL };

	if (!page_base(req, reply, api_session_list))
		return;
	if (!page_sessions_tell(
		    cJSON_GetObjectItemCaseSensitive(reply->body, "items")) ||
	    !page_query(req, reply->body, names))
		http_reply_err(req, reply, RST_ENOMEM, NULL);
}

static void
end(struct http_req *req, struct http_reply *reply, http_handler *handle,
    const char *prefix, struct rst_view name, const char *done)
{
	handle(req, reply);
	if (http_is_problem(reply))
		return;
	cJSON_Delete(reply->body);
	reply->body = NULL;
	reply->status = 200;
	http_location(reply, prefix, name, done);
}

/* POST /sessions/{}/end */
void
page_session_end(struct http_req *req, struct http_reply *reply)
{
	end(req, reply, api_any_session_end, "/sessions?done=ended",
	    RST_VIEW(""), "");
}

/* POST /users/{}/sessions/{}/end */
void
page_user_session_end(struct http_req *req, struct http_reply *reply)
{
	end(req, reply, api_user_session_end, "/users/", req->arg[0],
	    "?done=ended#sessions");
}

/* POST /me/sessions/{}/end */
void
page_my_session_end(struct http_req *req, struct http_reply *reply)
{
	end(req, reply, api_my_session_end, "/me?done=ended#sessions",
	    RST_VIEW(""), "");
}

/* POST /me/sessions/end */
void
page_my_sessions_end(struct http_req *req, struct http_reply *reply)
{
	end(req, reply, api_my_sessions_end, "/me?done=ended#sessions",
	    RST_VIEW(""), "");
}
