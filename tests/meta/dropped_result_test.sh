#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An error that somebody drops must not compile; the same call with its result used must.
# Usage: dropped_result_test.sh ROOT COMPILER...
set -euo pipefail
root=$1
shift

compile() {
  printf '#include "base/result.hh"\nobj::Result<void> f();\nvoid g() { %s }\n' "$1" \
    | "${@:2}" -std=c++23 -I"$root" -Werror -fsyntax-only -x c++ - 2>&1
}

compile 'if (!f()) return;' "$@"
if message=$(compile 'f();' "$@"); then
  echo "a dropped Result compiles" >&2
  exit 1
fi
if ! grep -q nodiscard <<< "$message"; then
  printf 'it does not compile, but for another reason:\n%s\n' "$message" >&2
  exit 1
fi
