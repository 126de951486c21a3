# SPDX-License-Identifier: OLDAP-2.8
# lib.sh - what the analysers are given; sourced, with top_srcdir, top_builddir
# shellcheck shell=sh
lmdb=$(sed -n 's/^LMDB_SRC = //p' "$top_builddir/Makefile")
openldap=$(sed -n 's/^OPENLDAP_SRC = //p' "$top_builddir/Makefile")
built=$(cd "$top_builddir" && pwd) || exit 1
cd "$top_srcdir" || exit 1

with_cppcheck()	# with_cppcheck FOLDER...
{
	cppcheck -q -j2 --enable=warning,performance,portability \
		--error-exitcode=1 --inline-suppr --std=c11 --library=posix \
		--suppressions-list=tests/analyse/cppcheck -I. -D_GNU_SOURCE \
		--include=tests/analyse/cjson.h \
		--template='{file}:{line}: {message} [{id}]' "$@"
}

# gcc: what may lose bits on the way into a narrower type, or change its sign
with_conversion()	# with_conversion FOLDER...
{
	for folder
	do
		case $folder in
		backend | overlay) test -n "$openldap" || continue ;;
		esac
		printf '%s\n' "$folder"/*.c
	done | grep -v '^store/lmdb_' | xargs -n 1 -P 2 \
		gcc -std=gnu11 -fsyntax-only -Wconversion \
		-Wsign-conversion -Werror -I. \
		-I"$built" -DHAVE_CONFIG_H -D_GNU_SOURCE \
		'-DPKGDATADIR="/"' -DSLAPD_IMPORT -isystem "$lmdb" \
		-isystem "$openldap/include" \
		-isystem "$openldap/servers/slapd"
}

# The files of LMDB are not ours, and without slapd's headers two folders
# cannot be read.  One file each: clang 14 forgets a va_start() over several.
with_clang_tidy()	# with_clang_tidy CHECKS FOLDER...
{
	checks=$1
	shift
	for folder
	do
		case $folder in
		backend | overlay) test -n "$openldap" || continue ;;
		esac
		printf '%s\n' "$folder"/*.c
	done | grep -v '^store/lmdb_' | xargs -n 1 -P 2 sh -c '
		lmdb=$1 openldap=$2 built=$3 checks=$4
		shift 4
		clang-tidy -quiet ${checks:+"--checks=$checks"} "$@" -- \
			-std=gnu11 -I. -I"$built" -DHAVE_CONFIG_H \
			-D_GNU_SOURCE "-DPKGDATADIR=\"/\"" -DSLAPD_IMPORT \
			-isystem "$lmdb" -isystem "$openldap/include" \
			-isystem "$openldap/servers/slapd" 2>/dev/null
	' sh "$lmdb" "$openldap" "$built" "$checks"
}
