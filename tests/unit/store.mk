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
	tests/unit/test_member_listed \
	tests/unit/test_member_random \
	tests/unit/test_memo \
	tests/unit/test_normalise \
	tests/unit/test_answer \
	tests/unit/test_outbox \
	tests/unit/test_record \
	tests/unit/test_session \
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
	tests/unit/violations_page.c tests/unit/violations.h
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
