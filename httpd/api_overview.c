/* SPDX-License-Identifier: OLDAP-2.8 */
/* api_overview.c - the home of administrators
 *
 * The page's charts are SVG whose numbers are made here: a template cannot
 * compute.
 *
 *	{ "x": 60, "y": 20, "height": 100, "bottom": ... }	one bar
 */
#include <stdio.h>

#include "httpd/api.h"
#include "httpd/overview.h"

#define CHART_HEIGHT 140 /* of the bars; the labels are below */
#define CHART_TOP    10
#define CHART_LEFT   44
#define CHART_STEP   38 /* from day to day */
#define CHART_BAR    13

static double
number_of(const cJSON *object, const char *name)
{
	const cJSON *number = json_get(object, name);

	return cJSON_IsNumber(number) ? number->valuedouble : 0;
}

/* 1, 2 or 5 with zeros, not below n. */
static double
round_up(double n)
{
	static const double steps[] = { 1, 2, 5 };
	double unit = 1;

	for (;;) {
		for (int i = 0; i < 3; i++)
			if (steps[i] * unit >= n)
				return steps[i] * unit;
		unit *= 10;
	}
}

static bool
add_bar(cJSON *day, const char *name, double x, double n, double most)
{
	cJSON *bar = cJSON_AddObjectToObject(day, name);
	double height = (double)(int)(CHART_HEIGHT * n / most + 0.5);

	if (n > 0 && height < 2)
		height = 2; /* one is more than none */
	return cJSON_AddNumberToObject(bar, "x", x) != NULL &&
	       cJSON_AddNumberToObject(
		       bar, "y", CHART_TOP + CHART_HEIGHT - height) != NULL &&
	       cJSON_AddNumberToObject(bar, "height", height) != NULL;
}

/* Where the bars of each day stand. */
static bool
draw_days(cJSON *body)
{
	const cJSON *days = json_get(body, "days");
	cJSON *day;
	double most = 1, x = CHART_LEFT;
	int i = 0;

	cJSON_ArrayForEach(day, days)
	{
		if (number_of(day, "signIns") > most)
			most = number_of(day, "signIns");
		if (number_of(day, "failures") > most)
			most = number_of(day, "failures");
	}
	most = round_up(most);
	cJSON_ArrayForEach(day, days)
	{
		if (!add_bar(day, "first", x, number_of(day, "signIns"),
		             most) ||
		    !add_bar(day, "second", x + CHART_BAR + 2,
		             number_of(day, "failures"), most) ||
		    !json_add_bool(day, "labelled", i++ % 3 == 1) ||
		    !json_add_text(day, "short",
		                   json_get(day, "day")->valuestring + 5))
			return false;
		x += CHART_STEP;
	}
	return cJSON_AddNumberToObject(body, "most", most) != NULL;
}

/* What part of the width a bar has. */
static bool
add_share(cJSON *item, double n, double most)
{
	double share = most > 0 ? (double)(int)(1000 * n / most + 0.5) / 10 : 0;

	if (n > 0 && share < 1)
		share = 1;
	return cJSON_AddNumberToObject(item, "share", share) != NULL;
}

/* 458752 with narrow blanks between, as active_said: for every number. */
static bool
group_digits(cJSON *object)
{
	char digits[24], text[64], key[40];
	cJSON *number = object != NULL ? object->child : NULL;

	for (; number != NULL; number = number->next) {
		size_t len, n = 0;

		if (!cJSON_IsNumber(number) || number->valuedouble < 0)
			continue;
		len = (size_t)snprintf(digits, sizeof(digits), "%.0f",
		                       number->valuedouble);
		for (size_t i = 0; i < len && i < sizeof(digits) - 1; i++) {
			if (i > 0 && (len - i) % 3 == 0)
				n += (size_t)snprintf(text + n,
				                      sizeof(text) - n,
				                      "\xe2\x80\xaf");
			text[n++] = digits[i];
		}
		text[n] = '\0';
		snprintf(key, sizeof(key), "%.30s_said", number->string);
		if (!json_add_text(object, key, text))
			return false;
	}
	return true;
}

static bool
draw_bars(cJSON *body)
{
	cJSON *item;
	double most = 0;

	if (!json_add_bool(body, "stuck",
	                   number_of(json_get(body, "mail"), "failed") > 0) ||
	    !json_add_bool(body, "asked",
	                   number_of(json_get(body, "people"), "pending") > 0))
		return false;
	cJSON_ArrayForEach(
		item,
		json_get(body, "waiting")) if (number_of(item, "people") > most)
		most = number_of(item, "people");
	cJSON_ArrayForEach(
		item,
		json_get(body,
	                 "waiting")) if (!add_share(item,
	                                            number_of(item, "people"),
	                                            most) ||
	                                 !json_add_bool(
						 item, "last",
						 json_get(item, "toDays") ==
							 NULL)) return false;
	cJSON_ArrayForEach(
		item,
		json_get(
			body,
			"numbers")) if (!add_share(item,
	                                           number_of(item, "used"),
	                                           number_of(item, "used") +
	                                                   number_of(item,
	                                                             "left")) ||
	                                !group_digits(item)) return false;
	return true;
}

/* GET /overview */
void
api_overview(struct http_req *req, struct http_reply *reply)
{
	enum rst_err err;

	err = overview_get(req->server->overview, req->server->env,
	                   req->ctx.now_s, &reply->body);
	if (err == RST_OK && !req->api &&
	    (!draw_days(reply->body) || !draw_bars(reply->body) ||
	     !group_digits(
		     cJSON_GetObjectItemCaseSensitive(reply->body, "people"))))
		err = RST_ENOMEM;
	http_reply_err(req, reply, err, NULL);
}
