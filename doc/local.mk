dist_doc_DATA += doc/hacking.md
EXTRA_DIST += \
	doc/design/0001-one-lmdb.md
