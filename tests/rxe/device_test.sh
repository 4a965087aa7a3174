#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/rxe/device_test.sh -- the RDMA device that other tests rely on: it has a port that is up and an IPv4 GID,
# carries messages, and reads at both ends of the sizes that we use. By programs of others.
# shellcheck source=tests/rxe/devices.sh
. "$(dirname "$0")/devices.sh"
device=$(find /sys/class/infiniband -mindepth 1 -maxdepth 1 -printf '%f\n' 2> /dev/null | sort | head -1 || true)
[ -n "$device" ] || skip "this machine has no RDMA device; ci/rxe/run brings one"

ibv_devinfo -d "$device" | tee "$scratch/info"
grep -q PORT_ACTIVE "$scratch/info" || fail "no port of $device is up"
gid=$(ipv4_gid "$device")
echo "IPv4 GID: $gid"

between ibv_rc_pingpong -d "$device" -g "$gid" -n 200 -- -- || fail "$device carries no messages"
cat "$scratch/client"

# Against reads that are lost at high depth on slow machines: a patient queue pair (-u 18).
for size in 8 4096 1048576; do
  between ib_read_bw -d "$device" -x "$gid" -F -u 18 -t 4 -n 20 -s "$size" -- -- || fail "no reads of $size bytes"
  grep -E '^ *#bytes|^ *[0-9]+ +20 ' "$scratch/client" || fail "no result: $(cat "$scratch/client")"
done
