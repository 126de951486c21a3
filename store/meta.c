/* SPDX-License-Identifier: OLDAP-2.8 */
/* meta.c - rows of table meta: the store's own numbers, and settings */
#include "store/env_priv.h"

#define SETTING_NAME_MAX 64
#define SETTING_MAX      4096
#define SETTING_PREFIX   "setting/"

enum rst_err
rst_meta_get(const struct rst_rtxn *txn, struct rst_view key,
             struct rst_view *ret_value)
{
	struct rst_view value;
	enum rst_err err = rst_db_get(txn, RST_T_META, key, &value);

	if (err == RST_OK && !rst_sum_keyed_take(key, &value))
		err = RST_ECORRUPT;
	if (err == RST_OK)
		*ret_value = value;
	return err;
}

enum rst_err
rst_meta_put(struct rst_wtxn *txn, struct rst_view key, struct rst_view value)
{
	char bytes[SETTING_MAX + RST_SUM_BYTES];

	if (value.len > SETTING_MAX)
		return RST_EINVALID;
	memcpy(bytes, value.ptr, value.len);
	rst_sum_keyed(key, value, bytes + value.len);
	return rst_db_put(txn, RST_T_META, key,
	                  rst_view(bytes, value.len + RST_SUM_BYTES), true);
}

enum rst_err
rst_format_get(const struct rst_rtxn *txn, uint64_t *ret_format)
{
	struct rst_view value = { NULL, 0 };
	enum rst_err err;

	err = rst_db_get(txn, RST_T_META, rst_view_of(RST_META_FORMAT), &value);
	if (err == RST_OK && value.len < 8)
		err = RST_ECORRUPT;
	if (err == RST_OK)
		*ret_format = rst_get_be64(value.ptr);
	return err;
}

enum rst_err
rst_meta_number(const struct rst_rtxn *txn, const char *name,
                uint64_t *ret_number)
{
	struct rst_view value = { NULL, 0 };
	enum rst_err err;

	err = rst_meta_get(txn, rst_view_of(name), &value);
	if (err == RST_ENOTFOUND) {
		*ret_number = 0;
		return RST_OK;
	}
	if (err != RST_OK)
		return err;
	if (value.len != 8)
		return RST_ECORRUPT;
	*ret_number = rst_get_be64(value.ptr);
	return RST_OK;
}

enum rst_err
rst_meta_set_number(struct rst_wtxn *txn, const char *name, uint64_t number)
{
	char bytes[8];

	rst_put_be64(bytes, number);
	return rst_meta_put(txn, rst_view_of(name),
	                    rst_view(bytes, sizeof(bytes)));
}

enum rst_err
rst_meta_digits(struct rst_view digits, uint64_t *ret_number)
{
	uint64_t number = 0;

	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.ptr[i];

		number <<= 4;
		if (c >= '0' && c <= '9')
			number |= (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			number |= (uint64_t)(c - 'a') + 10;
		else
			return RST_ECORRUPT;
	}
	*ret_number = number;
	return RST_OK;
}

enum rst_err
rst_meta_next(const struct rst_rtxn *txn, const char *name, size_t digits,
              uint64_t *ret_number)
{
	struct rst_view want = rst_view_of(name), key, value;
	struct rst_cursor cursor = { 0 };
	size_t head = want.len - digits;
	enum rst_err err;

	err = rst_cursor_open(txn, RST_T_META, &cursor);
	if (err == RST_OK)
		err = rst_cursor_seek(&cursor, want, &key, &value);
	if (err == RST_OK && (key.len != want.len ||
	                      !rst_view_starts(key, rst_view(name, head))))
		err = RST_ENOTFOUND;
	if (err == RST_OK)
		err = rst_meta_digits(rst_view(key.ptr + head, digits),
		                      ret_number);
	rst_cursor_close(&cursor);
	return err;
}

/* The key of a setting, apart from the store's own rows. */
static enum rst_err
setting_key(const char *name, char buf[80], struct rst_view *ret_key)
{
	size_t len = strlen(name);

	if (len == 0 || len > SETTING_NAME_MAX)
		return RST_EINVALID;
	memcpy(buf, SETTING_PREFIX, sizeof(SETTING_PREFIX) - 1);
	memcpy(buf + sizeof(SETTING_PREFIX) - 1, name, len);
	*ret_key = rst_view(buf, sizeof(SETTING_PREFIX) - 1 + len);
	return RST_OK;
}

enum rst_err
rst_setting_get(const struct rst_rtxn *txn, const char *name,
                struct rst_view *ret_value)
{
	char buf[80];
	struct rst_view key;
	enum rst_err err = setting_key(name, buf, &key);

	if (err != RST_OK)
		return err;
	return rst_meta_get(txn, key, ret_value);
}

enum rst_err
rst_setting_put(struct rst_wtxn *txn, const char *name, struct rst_view value)
{
	char buf[80];
	struct rst_view key;
	enum rst_err err = setting_key(name, buf, &key);

	if (err != RST_OK)
		return err;
	if (value.len > SETTING_MAX)
		return RST_EINVALID;
	if (value.len > 0)
		return rst_meta_put(txn, key, value);
	err = rst_db_drop(txn, RST_T_META, key);
	return err == RST_ENOTFOUND ? RST_OK : err;
}
