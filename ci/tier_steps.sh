# SPDX-License-Identifier: Apache-2.0
# ci/tier_steps.sh -- the steps that tiers are made of. Sourced by ci/tiers/*.
# shellcheck shell=bash
set -euo pipefail

jobs=$(nproc)

# The project's files by pattern, committed or about to be, whoever owns the clone.
project_files() {
  git -c 'safe.directory=*' ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
    if [ -e "$file" ]; then printf '%s\n' "$file"; fi
  done
}

# configure DIR OPTION...: a build directory with these options, reusing what is in it.
configure() {
  local dir=$1
  shift
  if [ -e "$dir/build.ninja" ]; then
    meson configure "$dir" "$@"
  else
    meson setup "$dir" "$@"
  fi
}

build() { ninja -C "$1" -j "$jobs"; }

# run_tests DIR ARGUMENT...: `meson test`, each case reported to the driver. Builds nothing.
run_tests() {
  local dir=$1 code=0
  shift
  rm -f "$dir/meson-logs/testlog.json"
  meson test -C "$dir" --no-rebuild --num-processes "$jobs" --print-errorlogs "$@" || code=$?
  python3 ci/outcomes.py "$dir/meson-logs/testlog.json" >> "$CI_RESULTS"
  return "$code"
}

# Any report of a sanitizer ends the process, so that the test fails.
sanitizer_options() {
  export ASAN_OPTIONS=detect_leaks=1:abort_on_error=1:strict_string_checks=1:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1
  export UCX_MEM_EVENTS=n  # UCX would patch mmap() and others, which AddressSanitizer has replaced
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=$PWD/ci/tsan_suppressions.txt
}

# Sanitized builds: enough optimisation for tests at speed, enough debug information for a stack
# trace. More of either doubles the time to compile.
sanitized_options=(--buildtype=plain -Doptimization=1 -Dwerror=true -Db_lundef=false
  -Dbenchmarks=false)

# The tree by Clang in build-clang/, with its sanitizers and the libFuzzer targets. All code tells the
# fuzzers which of its branches were taken, not only the targets themselves. Without the vptr check: it
# opens a pipe to ask whether memory is readable, and takes "no descriptors left" for "no", which a
# test provokes.
build_clang_sanitized() {
  export CC='ccache clang-19' CXX='ccache clang++-19'
  configure build-clang "${sanitized_options[@]}" -Db_sanitize=address,undefined -Dfuzzers=true \
    -Dc_args=-gline-tables-only -Dcpp_args='-gline-tables-only -fsanitize=fuzzer-no-link -fno-sanitize=vptr'
  build build-clang
}
