#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# reload_test.sh -- SIGHUP: objd takes over what can change while it runs, and nothing else
#
# Two nodes; the second one's pulls are limited, then not, by its configuration file.
# Usage: reload_test.sh ci/private_objd.sh OBJD OBJCTL
set -euo pipefail

# shellcheck source=ci/private_objd.sh
. "$1"
objd=$2
objctl=$3

folder=$(mktemp -d "${TMPDIR:-/tmp}/objd-reload.XXXXXX")
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
  cat "$folder/node2/objd.log"
  exit 1
}
on() {  # on NODE ARGUMENT...: objctl there
  local node=$1
  shift
  "$objctl" --socket "${node_sockets[node - 1]}" "$@"
}
reload() {  # reload EVENT LINE...: the file's new lines; returns when the log has one more EVENT
  local event=$1 before now
  shift
  before=$(grep -c "event=$event" "$folder/node2/objd.log" || true)
  printf '%s\n' "$@" > "$folder/objd.conf"
  kill -HUP "${node_pids[1]}"
  for _ in $(seq 100); do
    now=$(grep -c "event=$event" "$folder/node2/objd.log" || true)
    if [ "$now" -gt "$before" ]; then return 0; fi
    sleep 0.1
  done
  fail "no $event after SIGHUP"
}
setting() { on 2 status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["config"][sys.argv[1]]["value"])' "$1"; }
pull_ms() {  # pull_ms NAME: of 8 MiB from node 1
  local begin
  head -c 8M /dev/urandom | on 1 put - --name "$1" > /dev/null
  begin=$(date +%s%3N)
  on 2 get "name:$1" --timeout 60000 > /dev/null
  echo $(($(date +%s%3N) - begin))
}

printf 'pull_bandwidth = "4M"\nobjects_max = "1000"\n' > "$folder/objd.conf"
start_nodes "$objd" "$folder" 2 --config "$folder/objd.conf" --object-store-memory 64M
wait_for_nodes "$objctl"

# 8 MiB at 4 MiB/s take 2 s; a loaded machine takes longer, none takes less.
slow_ms=$(pull_ms slow)
[ "$slow_ms" -ge 1500 ] || fail "8 MiB came in $slow_ms ms although pull_bandwidth is 4M"

reload reloaded 'pull_bandwidth = "0"' 'objects_max = "2000"'
[ "$(setting pull_bandwidth)" = 0 ] || fail "status shows pull_bandwidth $(setting pull_bandwidth)"
[ "$(setting objects_max)" = 1000 ] || fail "status shows an objects_max that is not in force"
grep -q 'event=setting_needs_restart key=objects_max' "$folder/node2/objd.log" || fail "objects_max was not refused"
fast_ms=$(pull_ms fast)
[ "$fast_ms" -lt "$slow_ms" ] || fail "8 MiB took $fast_ms ms without a limit and $slow_ms ms with one"

# By class.
reload reloaded 'pull_bandwidth_get = "4M"' 'objects_max = "1000"'
class_ms=$(pull_ms class)
[ "$class_ms" -ge 1500 ] || fail "8 MiB came in $class_ms ms although pull_bandwidth_get is 4M"

# A file that is wrong changes nothing, and the daemon lives.
reload reload_failed 'pull_bandwidth_get = "fast"'
[ "$(setting pull_bandwidth_get)" = 4M ] || fail "a wrong file changed pull_bandwidth_get"

stop_nodes || fail "a node ended with an error"
echo "reload: ok"
