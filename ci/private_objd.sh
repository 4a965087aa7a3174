# SPDX-License-Identifier: Apache-2.0
# ci/private_objd.sh -- daemons of one's own, for the life of a script. Sourced by ci/demo and ci/tiers.
# shellcheck shell=bash
node_sockets=() node_pids=()

# start_objd PROGRAM DIR ARGUMENT...: returns when clients can come in; sets OBJD_SOCKET and objd_pid.
# The socket and the log (objd.log) are in DIR.
start_objd() {
  local program=$1 dir=$2
  shift 2
  export OBJD_SOCKET=$dir/objd.sock
  "$program" --socket "$OBJD_SOCKET" "$@" > "$dir/objd.log" 2>&1 &  # UCX talks on standard output
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

# start_nodes PROGRAM DIR COUNT ARGUMENT...: a cluster on the loopback, of objd with those arguments each;
# the first one runs the directory. Returns when all are ready; sets node_sockets and node_pids. Node N has
# its socket and log in DIR/nodeN.
start_nodes() {
  local program=$1 dir=$2 count=$3 directory='' node
  shift 3
  node_sockets=() node_pids=()
  for node in $(seq "$count"); do
    mkdir -p "$dir/node$node"
    if [ -z "$directory" ]; then
      start_objd "$program" "$dir/node1" --listen 127.0.0.1:0 --directory-listen 127.0.0.1:0 "$@" || return 1
      directory=$(sed -n 's/.*event=cluster_ready .*directory=\([^ ]*\).*/\1/p' "$dir/node1/objd.log")
    else
      start_objd "$program" "$dir/node$node" --listen 127.0.0.1:0 --directory "$directory" "$@" || return 1
    fi
    node_sockets+=("$OBJD_SOCKET")
    node_pids+=("$objd_pid")
    objd_pid=
  done
}

# wait_for_nodes OBJCTL: until the directory has told the last node of all. Fails after 10 s.
wait_for_nodes() {
  local alive
  for _ in $(seq 100); do
    alive=$("$1" --socket "${node_sockets[-1]}" nodes --json | grep -o '"status":"alive"' | wc -l) || alive=0
    if [ "$alive" -eq "${#node_sockets[@]}" ]; then return 0; fi
    sleep 0.1
  done
  echo "only $alive of ${#node_sockets[@]} nodes found each other" >&2
  return 1
}

# stop_nodes: the directory's node last. Success if all ended well, or none runs.
stop_nodes() {
  local node status=0
  for ((node = ${#node_pids[@]} - 1; node >= 0; node--)); do
    objd_pid=${node_pids[node]}
    stop_objd || status=$?
  done
  node_pids=()
  return "$status"
}
