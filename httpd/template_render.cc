/* SPDX-License-Identifier: OLDAP-2.8 */
/* template_render.cc - from cJSON to Mustache; the only C++ of Roster
 *
 * No exception leaves this file.  A template is parsed anew for each page:
 * render() of the library changes its object, so sharing one between threads
 * would need a lock that costs more than the parsing.
 */
#include "httpd/template.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <kainjow/mustache.hpp>
#include <malloc.h>
#include <new>
#include <sodium.h>
#include <string>

namespace mustache = kainjow::mustache;

/* Since it was last cleared; a stream swallows what is thrown in it and goes
 * on, so that a page would lack a piece. */
static thread_local bool fell_short;

/*
 * A page or a mail may be filled with a link or a password, and the library's
 * strings grow by copies: what C++ gives back is wiped.
 */
void *
operator new(std::size_t size)
{
	void *memory = std::malloc(size > 0 ? size : 1);

	if (memory == nullptr) {
		fell_short = true;
		throw std::bad_alloc();
	}
	return memory;
}

void
operator delete(void *memory) noexcept
{
	if (memory != nullptr)
		sodium_memzero(memory, malloc_usable_size(memory));
	std::free(memory);
}

void
operator delete(void *memory, std::size_t size) noexcept
{
	(void)size;
	operator delete(memory);
}

namespace
{

std::string
number_text(const cJSON *item)
{
	double value = item->valuedouble;
	char text[32];

	/* ids and counts are whole; what is larger is no count of ours */
	if (value > -1e15 && value < 1e15 &&
	    static_cast<double>(static_cast<long long>(value)) == value)
		snprintf(text, sizeof(text), "%.0f", value);
	else
		snprintf(text, sizeof(text), "%g", value);
	return text;
}

/*
 * Mustache asks "is it there?": an empty string, null and false are not, so
 * that {{#mail}} means "has a mail address".
 */
mustache::data
convert(const cJSON *item)
{
	if (cJSON_IsTrue(item))
		return mustache::data{ true };
	if (cJSON_IsNumber(item))
		return mustache::data{ number_text(item) };
	if (cJSON_IsString(item) && item->valuestring[0] != '\0')
		return mustache::data{ std::string(item->valuestring) };
	if (cJSON_IsArray(item)) {
		mustache::data list{ mustache::data::type::list };

		for (const cJSON *one = item->child; one; one = one->next)
			list.push_back(convert(one));
		return list;
	}
	if (cJSON_IsObject(item)) {
		mustache::data object{ mustache::data::type::object };

		/* names with "_" are files: a model cannot bring its own */
		for (const cJSON *one = item->child; one; one = one->next)
			if (one->string[0] != '_')
				object.set(one->string, convert(one));
		return object;
	}
	return mustache::data{ false };
}

const char *
find(const struct http_templates *templates, const char *name)
{
	for (unsigned int i = 0; i < templates->n; i++)
		if (std::strcmp(templates->items[i].name, name) == 0)
			return templates->items[i].text;
	return nullptr;
}

/* {{{x}}} and {{& x}} put values on a page as they are. */
bool
unescaped(const char *text)
{
	const char *at = text;

	while ((at = std::strstr(at, "{{")) != nullptr) {
		at += 2;
		while (*at == ' ')
			at++;
		if (*at == '{' || *at == '&' || *at == '=')
			return true;
	}
	return false;
}

enum rst_err
render(const struct http_templates *templates, const char *name,
       const cJSON *model, bool html, char **ret_text,
       struct rst_detail *reterr)
{
	const char *text = find(templates, name);

	if (text == nullptr) {
		rst_detail_set(reterr, "there is no template %s", name);
		return RST_ENOTFOUND;
	}
	fell_short = false;
	mustache::mustache page{ text };
	mustache::data root = convert(model);

	for (unsigned int i = 0; i < templates->n; i++)
		if (templates->items[i].name[0] == '_')
			root.set(templates->items[i].name,
			         mustache::data{ std::string(
					 templates->items[i].text) });
	if (!html)
		page.set_custom_escape(
			[](const std::string &value) { return value; });
	std::string out = page.render(root);
	if (fell_short)
		return RST_ENOMEM;
	if (!page.is_valid()) {
		rst_detail_set(reterr, "template %s: %s", name,
		               page.error_message().c_str());
		return RST_EINVALID;
	}
	*ret_text = strdup(out.c_str());
	return *ret_text != nullptr ? RST_OK : RST_ENOMEM;
}

} // namespace

enum rst_err
http_template_render(const struct http_templates *templates, const char *name,
                     const cJSON *model, bool html, char **ret_text,
                     struct rst_detail *reterr)
try {
	return render(templates, name, model, html, ret_text, reterr);
} catch (...) {
	return RST_ENOMEM; /* nothing else is thrown here */
}

bool
http_template_check(const char *text, bool html, struct rst_detail *reterr)
try {
	fell_short = false;
	mustache::mustache page{ text };

	if (fell_short) {
		rst_detail_set(reterr, "out of memory");
		return false;
	}
	if (!page.is_valid()) {
		rst_detail_set(reterr, "%s", page.error_message().c_str());
		return false;
	}
	if (html && unescaped(text)) {
		rst_detail_set(reterr,
		               "a page must escape every value: "
		               "{{{ }}}, {{& }} and {{= }} are refused");
		return false;
	}
	return true;
} catch (...) {
	rst_detail_set(reterr, "out of memory");
	return false;
}
