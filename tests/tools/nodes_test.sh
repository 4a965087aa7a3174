#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# nodes_test.sh -- objctl's commands for several nodes, on three real ones
#
# A private cluster on the loopback: what is put on one node is found, brought, pushed and deleted from the
# others; doctor notices when the directory dies.
# Usage: nodes_test.sh ci/private_objd.sh OBJD OBJCTL
set -euo pipefail

# shellcheck source=ci/private_objd.sh
. "$1"
objd=$2
objctl=$3

folder=$(mktemp -d "${TMPDIR:-/tmp}/objd-nodes.XXXXXX")
finish() {
  stop_objd || true
  stop_nodes || true
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
  echo "FAILED: $*"
  exit 1
}
on() {  # on NODE ARGUMENT...: objctl there
  local node=$1
  shift
  "$objctl" --socket "${node_sockets[node - 1]}" "$@"
}
copies() { on 1 where "$1" | grep -c "$2" || true; }
wait_until() {  # wait_until WHAT COMMAND...: within 20 s
  local what=$1
  shift
  for _ in $(seq 200); do
    if "$@"; then return 0; fi
    sleep 0.1
  done
  fail "$what"
}
has_copies() { [ "$(copies "$1" sealed)" -eq "$2" ]; }

start_nodes "$objd" "$folder" 3 --config /dev/null --object-store-memory 64M
wait_for_nodes "$objctl"
[ "$(on 2 nodes | grep -c 'this node$')" -eq 1 ] || fail "nodes marks not exactly one node as this one"

# Found, and brought by a get.
head -c 5000000 /dev/urandom > "$folder/there"
on 1 put --no-progress --name got "$folder/there" > /dev/null
on 2 get --no-progress --timeout 20000 name:got "$folder/back"
cmp "$folder/there" "$folder/back" || fail "other bytes came to node 2"
wait_until "where does not show both copies" has_copies name:got 2
[ "$(copies name:got primary)" -eq 1 ] || fail "there is not exactly one primary copy"

# Brought without a get: by the node that wants it, and by another one.
on 3 put --no-progress --name pushed "$folder/there" > /dev/null
on 1 prefetch name:pushed
wait_until "prefetch brought nothing" has_copies name:pushed 2
second=$(on 2 nodes --json | sed 's/.*"self":\([0-9]*\).*/\1/')
on 3 push name:pushed --node "$second"
wait_until "push brought nothing" has_copies name:pushed 3
on 2 contains name:pushed > /dev/null || fail "contains does not know on node 2 what where shows there"
if on 3 push name:pushed --node 4294967295 2> "$folder/complaint"; then fail "a node that is not there was pushed to"; fi
grep -q 'objctl nodes' "$folder/complaint" || fail "push does not say where nodes are listed"
on 1 transfers | grep -q '^0 transfers' || fail "transfers go on after all is here"

# Gone everywhere.
on 2 rm name:got
if on 1 where name:got > "$folder/where"; then fail "where says yes to an object that no node has"; fi
grep -q 'on no node' "$folder/where" || fail "where does not say that no node has it"

# Doctor on a healthy node, and when the directory dies.
on 3 doctor > "$folder/healthy" || fail "doctor finds a problem: $(cat "$folder/healthy")"
kill -KILL "${node_pids[0]}"
wait "${node_pids[0]}" || true
node_pids[0]=''
directory_is_missed() { ! on 3 doctor > "$folder/sick"; }
wait_until "doctor does not notice that the directory is gone" directory_is_missed
grep -q '^PROBLEM  directory ' "$folder/sick" || fail "another problem: $(cat "$folder/sick")"
grep -q 'mend: objdir --listen' "$folder/sick" || fail "doctor does not say what mends it"
stop_nodes || fail "a node ended with code $?"
