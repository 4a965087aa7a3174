#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# large_file_test.sh -- a file of 1 GiB goes through objctl put and get, and comes back the same
#
# A private objd, random content, compared by checksum: through a file and through a pipe. The test
# needs 4 GiB of memory and 3 GiB of disk, and exits 77 where they are not there.
# Usage: large_file_test.sh ci/private_objd.sh OBJD OBJCTL
set -euo pipefail

# shellcheck source=ci/private_objd.sh
. "$1"
objd=$2
objctl=$3
memory_needed_kib=$((4 << 20))
disk_needed_kib=$((3 << 20))

folder=$(mktemp -d "${TMPDIR:-/tmp}/objd-large-file.XXXXXX")
finish() {
  stop_objd || true
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

memory_kib=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
disk_kib=$(df --output=avail "$folder" | tail -n 1)
if [ "$memory_kib" -lt $memory_needed_kib ] || [ "$disk_kib" -lt $disk_needed_kib ]; then
  echo "needs 4 GiB of memory and 3 GiB in ${folder%/*}: set TMPDIR to a larger file system"
  exit 77
fi

fail() {
  echo "FAILED: $*"
  exit 1
}
checksum() { b2sum | cut -d ' ' -f 1; }

start_objd "$objd" "$folder" --object-store-memory 1280M
head -c 1G /dev/urandom > "$folder/there"
expected=$(checksum < "$folder/there")

# Twice under different names: the second does not fit beside the first, which must make room.
for name in first second; do
  "$objctl" put --no-progress --name "$name" "$folder/there" > /dev/null
  "$objctl" get --no-progress --name "$name" "$folder/back"
  [ "$(stat -c %s "$folder/back")" -eq $((1 << 30)) ] || fail "$name came back in another size"
  [ "$(checksum < "$folder/back")" = "$expected" ] || fail "$name came back with other bytes"
done
piped=$("$objctl" get --no-progress --name second - | checksum)
[ "$piped" = "$expected" ] || fail "other bytes came through the pipe"
if "$objctl" get --no-progress --timeout 0 --name first "$folder/gone" 2> /dev/null; then
  fail "the first is still there: 2 GiB cannot be in an arena of 1.25"
fi

# From a pipe, whose length is not known beforehand.
"$objctl" rm name:second > /dev/null
"$objctl" put --no-progress --name third - < "$folder/back" > /dev/null
[ "$("$objctl" get --name third - | checksum)" = "$expected" ] || fail "other bytes came from the pipe"
stop_objd || fail "objd ended with code $?"
