if HAVE_CMOCKA
# Each folder's units are listed in a file of its own.
include tests/unit/store.mk
include tests/unit/rules.mk
include tests/unit/lifecycle.mk
include tests/unit/httpd.mk
include tests/unit/backend.mk
endif
