# SPDX-License-Identifier: Apache-2.0
# ci/private_objd.sh -- a daemon of one's own, for the life of a script. Sourced by ci/demo and ci/tiers.
# shellcheck shell=bash

# start_objd PROGRAM DIR ARGUMENT...: returns when clients can come in; sets OBJD_SOCKET and objd_pid.
# The socket and the log (objd.log) are in DIR.
start_objd() {
  local program=$1 dir=$2
  shift 2
  export OBJD_SOCKET=$dir/objd.sock
  "$program" --socket "$OBJD_SOCKET" "$@" 2> "$dir/objd.log" &
  objd_pid=$!
  for _ in $(seq 300); do
    if grep -q 'event=ready' "$dir/objd.log"; then return 0; fi
    if ! kill -0 "$objd_pid" 2> /dev/null; then break; fi
    sleep 0.1
  done
  echo "objd did not become ready:" >&2
  cat "$dir/objd.log" >&2
  return 1
}

# stop_objd: asks it to end and waits; its exit code. Success if none runs.
stop_objd() {
  local pid=${objd_pid:-}
  objd_pid=
  if [ -z "$pid" ]; then return 0; fi
  kill -TERM "$pid" 2> /dev/null || true
  wait "$pid"
}
