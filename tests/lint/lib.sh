# SPDX-License-Identifier: OLDAP-2.8
# lib.sh - what the lints share; sourced, with top_srcdir set by make check
# shellcheck shell=sh disable=SC2034
cd "$top_srcdir" || exit 1
status=0

# The folders there are, of those that hold code (grep and find answer an
# error, not nothing, when one is missing).
product=$(ls -d rules store lifecycle backend overlay httpd tools 2>/dev/null)
code="$product $(ls -d tests bench 2>/dev/null)"

# A lint that looked at nothing has not passed.
test -n "$product" || { echo "no source folders in $top_srcdir"; exit 1; }

# complain TEXT: print what is wrong and why, and fail in the end
complain()
{
	echo "	$*"
	status=1
}
