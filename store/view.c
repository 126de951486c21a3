/* SPDX-License-Identifier: OLDAP-2.8 */
/* view.c - bytes that someone else owns */
#include "store/view.h"

#include <stdlib.h>

bool
rst_view_equal_nocase(struct rst_view a, struct rst_view b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (rst_lower(a.ptr[i]) != rst_lower(b.ptr[i]))
			return false;
	return true;
}

bool
rst_view_copy(struct rst_view view, char *buf, size_t size)
{
	if (size == 0)
		return false;
	buf[0] = '\0';
	if (view.len >= size ||
	    (view.len > 0 && memchr(view.ptr, '\0', view.len) != NULL))
		return false;
	if (view.len > 0)
		memcpy(buf, view.ptr, view.len);
	buf[view.len] = '\0';
	return true;
}

char *
rst_view_dup(struct rst_view view)
{
	char *copy = malloc(view.len + 1);

	if (copy == NULL)
		return NULL;
	if (view.len > 0)
		memcpy(copy, view.ptr, view.len);
	copy[view.len] = '\0';
	return copy;
}

bool
rst_view_number(struct rst_view view, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (view.len == 0 || (view.ptr[0] == '0' && view.len > 1))
		return false;
	for (size_t i = 0; i < view.len; i++) {
		unsigned int digit = (unsigned char)view.ptr[i] - '0';

		if (digit > 9 || number > (UINT64_MAX - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	if (number > max)
		return false;
	*ret_number = number;
	return true;
}
