/* SPDX-License-Identifier: OLDAP-2.8 */
/* err.c - names for the errors */
#include "store/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

const char *
rst_strerror(enum rst_err err)
{
	switch (err) {
	case RST_OK:
		return "success";
	case RST_ENOTFOUND:
		return "no such record";
	case RST_EEXISTS:
		return "already exists";
	case RST_EINVALID:
		return "invalid argument";
	case RST_ESTATE:
		return "not allowed in this state";
	case RST_EDENIED:
		return "refused";
	case RST_EBUSY:
		return "busy";
	case RST_EFULL:
		return "no room left";
	case RST_ECORRUPT:
		return "corrupt record";
	case RST_ENOMEM:
		return "out of memory";
	case RST_EIO:
		return "input/output error";
	}
	return "unknown error";
}

enum rst_err
rst_open_err(int code)
{
	switch (code) {
	case ENOENT:
		return RST_ENOTFOUND;
	case EACCES:
	case EROFS:
	case EISDIR:
	case ENOTDIR:
	case ELOOP:
	case ENAMETOOLONG:
		return RST_EINVALID;
	case ENOSPC:
	case EDQUOT:
		return RST_EFULL;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		return RST_ENOMEM;
	default:
		return RST_EIO;
	}
}

void
rst_detail_set(struct rst_detail *detail, const char *format, ...)
{
	va_list args;

	if (detail == NULL)
		return;
	va_start(args, format);
	vsnprintf(detail->text, sizeof(detail->text), format, args);
	va_end(args);
}
