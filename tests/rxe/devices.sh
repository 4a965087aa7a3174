# SPDX-License-Identifier: Apache-2.0
# tests/rxe/devices.sh -- what the tests of the guests ask of its devices. Sourced by tests/rxe/*.sh.
# shellcheck shell=bash
set -euo pipefail
scratch=$(mktemp -d)
trap 'kill $(jobs -p) 2> /dev/null || true; rm -rf "$scratch"' EXIT

# skip REASON: as Meson understands it. In ci/rxe's guests, a failure.
skip() {
  echo "$*"
  exit 77
}

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# ipv4_gid DEVICE: the index of its RoCE v2 GID that is an IPv4 address.
ipv4_gid() {
  local port=/sys/class/infiniband/$1/ports/1 index
  for index in $(seq 0 15); do
    if [[ $(cat "$port/gids/$index") == 0000:0000:0000:0000:0000:ffff:* ]] \
        && [ "$(cat "$port/gid_attrs/types/$index" 2> /dev/null)" = "RoCE v2" ]; then
      echo "$index"
      return
    fi
  done
  fail "$1 has no IPv4 GID"
}

# between PROGRAM ARGUMENT... -- SERVER_ARGUMENT... -- CLIENT_ARGUMENT...: runs a program of two ends that
# meet over TCP on this machine, as most verbs benchmarks do; the client's output in $scratch/client.
# Neither end says when it listens, so a client that comes too early is started again.
between() {
  local program=() server=() client=() part=program
  while [ $# -gt 0 ]; do
    case $1,$part in
      --,program) part=server ;;
      --,server) part=client ;;
      *,program) program+=("$1") ;;
      *,server) server+=("$1") ;;
      *,client) client+=("$1") ;;
    esac
    shift
  done
  timeout 60 "${program[@]}" "${server[@]}" > "$scratch/server" 2>&1 &
  local listener=$!
  for _ in $(seq 100); do
    if timeout 60 "${program[@]}" "${client[@]}" 127.0.0.1 > "$scratch/client" 2>&1; then
      wait "$listener" || fail "the server of ${program[0]}: $(cat "$scratch/server")"
      return 0
    fi
    kill -0 "$listener" 2> /dev/null || break
    sleep 0.1
  done
  cat "$scratch/server" "$scratch/client" >&2
  return 1
}
