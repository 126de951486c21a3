# LMDB's two files, from the tree given at configure time.
noinst_LTLIBRARIES += store/liblmdb.la
store_liblmdb_la_CPPFLAGS = -I$(LMDB_SRC) -DMDB_MAXKEYSIZE=511
store_liblmdb_la_CFLAGS = -std=gnu11 -fvisibility=hidden -w $(HARDEN_CFLAGS)
store_liblmdb_la_SOURCES = store/lmdb_mdb.c store/lmdb_midl.c

noinst_LTLIBRARIES += store/libstore.la
store_libstore_la_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE \
	-isystem $(LMDB_SRC)
store_libstore_la_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
store_libstore_la_LIBADD = store/liblmdb.la $(SODIUM_LIBS) \
	$(UNISTRING_LIBS) $(GNUTLS_LIBS) -lpthread
store_libstore_la_SOURCES = \
	store/attr.c store/attr.h \
	store/backup.c store/backup.h store/backup_priv.h \
	store/backup_work.c \
	store/check.c store/check.h store/check_priv.h \
	store/check_derived.c store/check_entry.c \
	store/check_image.c store/check_journal.c \
	store/check_member.c store/check_pages.c store/check_rows.c \
	store/check_session.c store/check_sum.c \
	store/repair.c store/repair_meta.c store/repair_priv.h \
	store/csn.c \
	store/db.c \
	store/entry.c store/entry.h \
	store/env.c store/env.h store/env_priv.h \
	store/env_files.c store/env_make.c store/env_pages.c \
	store/err.c store/err.h \
	store/ident.c store/ident.h store/ident_number.c store/ident_priv.h \
	store/index.c store/index.h store/index_priv.h \
	store/index_build.c store/index_find.c \
	store/index_gather.c \
	store/index_key.c store/index_words.c \
	store/journal.c store/journal.h store/journal_priv.h \
	store/journal_checkpoint.c store/journal_keep.c store/journal_row.c \
	store/journal_value.c store/journal_verify.c \
	store/member.c store/member.h store/member_priv.h \
	store/member_count.c \
	store/member_face.c store/member_follow.c \
	store/member_groups.c store/member_nest.c store/member_until.c \
	store/member_list.c store/member_row.c store/member_view.c \
	store/memo.c store/meta.c \
	store/name.c \
	store/normalise.c \
	store/answer.c store/answer.h store/answer_priv.h \
	store/outbox.c store/outbox.h \
	store/memory.c store/memory.h \
	store/presence.c store/presence.h \
	store/poke.c store/poke.h \
	store/record.c store/record_priv.h \
	store/seal.c \
	store/session.c store/session.h store/session_priv.h \
	store/tree.c store/tree.h \
	store/view.c store/view.h \
	store/wire.c store/wire.h

if TSAN
store_libstore_la_SOURCES += tests/tsan/clocks.c
else
EXTRA_DIST += tests/tsan/clocks.c
endif
