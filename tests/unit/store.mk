# units of store/
#
# One line a test in store_units; its variables are those of all units.
store_units = \
	tests/unit/test_attr \
	tests/unit/test_backup \
	tests/unit/test_check \
	tests/unit/test_entry \
	tests/unit/test_env \
	tests/unit/test_ident \
	tests/unit/test_index \
	tests/unit/test_index_build \
	tests/unit/test_journal \
	tests/unit/test_member \
	tests/unit/test_member_count \
	tests/unit/test_member_listed \
	tests/unit/test_member_random \
	tests/unit/test_memo \
	tests/unit/test_normalise \
	tests/unit/test_answer \
	tests/unit/test_outbox \
	tests/unit/test_record \
	tests/unit/test_session \
	tests/unit/test_store_edges \
	tests/unit/test_store_faults \
	tests/unit/test_store_groups \
	tests/unit/test_store_limits \
	tests/unit/test_store_pages \
	tests/unit/test_store_records \
	tests/unit/test_store_rows \
	tests/unit/test_tree \
	tests/unit/test_txn \
	tests/unit/test_verify \
	tests/unit/test_view

check_PROGRAMS += $(store_units)
TESTS += $(store_units)

check_LIBRARIES += tests/unit/libfixture.a
tests_unit_libfixture_a_CPPFLAGS = $(AM_CPPFLAGS) -D_GNU_SOURCE \
	-isystem $(LMDB_SRC)
tests_unit_libfixture_a_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_libfixture_a_SOURCES = tests/unit/fixture.c tests/unit/fixture.h \
	tests/unit/other.c tests/unit/other.h

# They look behind the headers: at tables, at bytes, at LMDB.
store_unit_cppflags = $(AM_CPPFLAGS) -D_GNU_SOURCE -isystem $(LMDB_SRC)
store_unit_cflags = $(AM_CFLAGS) $(SODIUM_CFLAGS) $(CMOCKA_CFLAGS)
store_unit_ldadd = tests/unit/libfixture.a store/libstore.la $(CMOCKA_LIBS)

tests_unit_test_attr_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_attr_CFLAGS = $(store_unit_cflags)
tests_unit_test_attr_LDADD = $(store_unit_ldadd)
tests_unit_test_entry_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_entry_CFLAGS = $(store_unit_cflags)
tests_unit_test_entry_LDADD = $(store_unit_ldadd)
tests_unit_test_env_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_env_CFLAGS = $(store_unit_cflags)
tests_unit_test_env_LDADD = $(store_unit_ldadd)
tests_unit_test_index_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_index_CFLAGS = $(store_unit_cflags)
tests_unit_test_index_LDADD = $(store_unit_ldadd)
tests_unit_test_index_build_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_index_build_CFLAGS = $(store_unit_cflags)
tests_unit_test_index_build_LDADD = $(store_unit_ldadd)
tests_unit_test_normalise_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_normalise_CFLAGS = $(store_unit_cflags)
tests_unit_test_normalise_LDADD = $(store_unit_ldadd)
tests_unit_test_record_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_record_CFLAGS = $(store_unit_cflags)
tests_unit_test_record_LDADD = $(store_unit_ldadd)
tests_unit_test_memo_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_memo_CFLAGS = $(store_unit_cflags)
tests_unit_test_memo_LDADD = $(store_unit_ldadd)
tests_unit_test_tree_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_tree_CFLAGS = $(store_unit_cflags)
tests_unit_test_tree_LDADD = $(store_unit_ldadd)
tests_unit_test_txn_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_txn_CFLAGS = $(store_unit_cflags)
tests_unit_test_txn_LDADD = $(store_unit_ldadd)
tests_unit_test_verify_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_verify_CFLAGS = $(store_unit_cflags)
tests_unit_test_verify_LDADD = $(store_unit_ldadd)
tests_unit_test_view_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_view_CFLAGS = $(store_unit_cflags)
tests_unit_test_view_LDADD = $(store_unit_ldadd)
tests_unit_test_backup_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_backup_CFLAGS = $(store_unit_cflags)
tests_unit_test_backup_LDADD = $(store_unit_ldadd)
tests_unit_test_check_SOURCES = tests/unit/test_check.c \
	tests/unit/violations.c tests/unit/violations_journal.c \
	tests/unit/violations_count.c tests/unit/violations_page.c \
	tests/unit/violations.h
tests_unit_test_check_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_check_CFLAGS = $(store_unit_cflags)
tests_unit_test_check_LDADD = $(store_unit_ldadd)
tests_unit_test_ident_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_ident_CFLAGS = $(store_unit_cflags)
tests_unit_test_ident_LDADD = $(store_unit_ldadd)
tests_unit_test_journal_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_journal_CFLAGS = $(store_unit_cflags)
tests_unit_test_journal_LDADD = $(store_unit_ldadd)
tests_unit_test_member_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_member_CFLAGS = $(store_unit_cflags)
tests_unit_test_member_LDADD = $(store_unit_ldadd)
tests_unit_test_member_count_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_member_count_CFLAGS = $(store_unit_cflags)
tests_unit_test_member_count_LDADD = $(store_unit_ldadd)
tests_unit_test_member_listed_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_member_listed_CFLAGS = $(store_unit_cflags)
tests_unit_test_member_listed_LDADD = $(store_unit_ldadd)
tests_unit_test_member_random_SOURCES = tests/unit/test_member_random.c \
	tests/unit/member_model.c tests/unit/member_model.h
tests_unit_test_member_random_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_member_random_CFLAGS = $(store_unit_cflags)
tests_unit_test_member_random_LDADD = $(store_unit_ldadd)
tests_unit_test_answer_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_answer_CFLAGS = $(store_unit_cflags)
tests_unit_test_answer_LDADD = $(store_unit_ldadd)
tests_unit_test_outbox_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_outbox_CFLAGS = $(store_unit_cflags)
tests_unit_test_outbox_LDADD = $(store_unit_ldadd)
tests_unit_test_session_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_session_CFLAGS = $(store_unit_cflags)
tests_unit_test_session_LDADD = $(store_unit_ldadd)

# Each call that the store makes of others goes by tests/unit/nth.c.
nth_wraps = nanosleep mdb_env_create mdb_env_open mdb_env_set_mapsize \
	mdb_env_set_maxdbs mdb_env_set_maxreaders mdb_env_get_fd \
	mdb_env_copyfd2 mdb_dbi_open mdb_stat mdb_cursor_open \
	mdb_cursor_get mdb_cursor_put mdb_get mdb_put mdb_del \
	mdb_reader_list mdb_reader_check mdb_txn_begin mdb_txn_renew \
	mdb_txn_commit crypto_aead_xchacha20poly1305_ietf_decrypt \
	randombytes_buf malloc calloc realloc gnutls_idna_map open openat \
	fcntl fstat stat lstat fstatat fstatfs fstatvfs read pread write \
	ftruncate fallocate lseek flock renameat linkat unlinkat rmdir \
	mkdtemp fdopendir fchmod fchown fchmodat fchownat mmap socket bind \
	fsync fdatasync pthread_create pthread_clockjoin_np pthread_mutexattr_init \
	pthread_mutexattr_setpshared pthread_mutexattr_setrobust \
	pthread_mutex_init pthread_rwlock_init
nth_comma = ,
nth_ldflags = $(nth_wraps:%=-Wl$(nth_comma)--wrap=%)
tests_unit_test_store_edges_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_store_edges_CFLAGS = $(store_unit_cflags)
tests_unit_test_store_edges_LDADD = $(store_unit_ldadd)
tests_unit_test_store_groups_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_store_groups_CFLAGS = $(store_unit_cflags)
tests_unit_test_store_groups_LDADD = $(store_unit_ldadd)
tests_unit_test_store_limits_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_store_limits_CFLAGS = $(store_unit_cflags)
tests_unit_test_store_limits_LDADD = $(store_unit_ldadd)
tests_unit_test_store_pages_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_store_pages_CFLAGS = $(store_unit_cflags)
tests_unit_test_store_pages_LDADD = $(store_unit_ldadd)
tests_unit_test_store_faults_SOURCES = tests/unit/test_store_faults.c \
	tests/unit/stage.c tests/unit/stage.h \
	tests/unit/nth.c tests/unit/nth.h \
	tests/unit/acts_entry.c tests/unit/acts_member.c \
	tests/unit/acts_change.c tests/unit/acts_journal.c \
	tests/unit/acts_other.c tests/unit/acts_place.c
tests_unit_test_store_faults_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_store_faults_CFLAGS = $(store_unit_cflags) $(GNUTLS_CFLAGS)
tests_unit_test_store_faults_LDFLAGS = $(nth_ldflags)
tests_unit_test_store_faults_LDADD = $(store_unit_ldadd)
tests_unit_test_store_records_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_store_records_CFLAGS = $(store_unit_cflags)
tests_unit_test_store_records_LDADD = $(store_unit_ldadd)
tests_unit_test_store_rows_SOURCES = tests/unit/test_store_rows.c \
	tests/unit/stage.c tests/unit/stage.h \
	tests/unit/nth.c tests/unit/nth.h
tests_unit_test_store_rows_CPPFLAGS = $(store_unit_cppflags)
tests_unit_test_store_rows_CFLAGS = $(store_unit_cflags) $(GNUTLS_CFLAGS)
tests_unit_test_store_rows_LDFLAGS = $(nth_ldflags)
tests_unit_test_store_rows_LDADD = $(store_unit_ldadd)
