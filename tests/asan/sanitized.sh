# SPDX-License-Identifier: OLDAP-2.8
# sanitized.sh - tests in a build of their own, under a sanitizer
#
# What tests/asan/run and tests/tsan/run share.  dir is that build, reports the
# directory in it that the sanitizer's reports go to.

# build_sanitized NAME OPTION - configure and make directory NAME of this build
build_sanitized()
{
	dir=$top_builddir/$1
	reports=$dir/reports
	lmdb=$(sed -n 's/^LMDB_SRC = //p' "$top_builddir/Makefile")
	openldap=$(sed -n 's/^OPENLDAP_SRC = //p' "$top_builddir/Makefile")
	source=$top_srcdir
	mkdir -p "$dir" && cd "$dir" || exit 1
	unset MAKEFLAGS MAKELEVEL top_srcdir top_builddir
	rm -rf "$reports" && mkdir -m 1777 "$reports" || exit 1
	test -f Makefile && test Makefile -nt "$source/configure" ||
		"$source/configure" -q "$2" --with-lmdb-src="$lmdb" \
			${openldap:+--with-openldap-src="$openldap"} \
			CFLAGS="-g -O1" CXXFLAGS="-g -O1" || exit 1
	make -s -j2 all || exit 1
}

# run_sanitized TEST... - those that begin in SOAK_SECONDS, if that is given
run_sanitized()
{
	end=$(($(date +%s) + ${SOAK_SECONDS:-0}))
	status=0 reached=0
	if [ -z "$SOAK_SECONDS" ]; then
		make check TESTS="$*" || status=1
		return
	fi
	for test
	do
		[ "$reached" -eq 0 ] || [ "$(date +%s)" -lt "$end" ] || break
		make -s check TESTS="$test" || status=1
		reached=$((reached + 1))
	done
}

# tell_reports - print what was reported; found is how many processes did
tell_reports()
{
	grep -h '^SUMMARY' "$reports"/* 2>/dev/null | sort | uniq -c
	found=$(find "$reports" -type f | wc -l)
	echo "$found processes had reports: see $reports"
}
