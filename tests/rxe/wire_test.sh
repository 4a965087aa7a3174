#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/rxe/wire_test.sh -- the virtual wire between rxa and rxb: what is read over it crosses it, reads survive a
# loss, and a cut stops them until it is mended. Changes interfaces: only in a guest.
# shellcheck source=tests/rxe/devices.sh
. "$(dirname "$0")/devices.sh"
for device in rxa rxb; do
  [ -e /sys/class/infiniband/$device ] || skip "needs ci/rxe/run --two-devices"
done
gid_a=$(ipv4_gid rxa)
gid_b=$(ipv4_gid rxb)

packets() { cat /sys/class/net/va/statistics/tx_packets; }

# reads TIMEOUT_EXPONENT ITERATIONS: rxa reads 64 KiB at a time from rxb.
reads() {
  between ib_read_bw -F -u "$1" -t 4 -n "$2" -s 65536 -- -d rxb -x "$gid_b" -- -d rxa -x "$gid_a"
}

echo "== a clean wire"
before=$(packets)
reads 14 100 || fail "no reads over the wire"
crossed=$(($(packets) - before))
echo "packets of rxa: $crossed"
[ "$crossed" -ge 100 ] || fail "what is read does not cross the wire"

echo "== 1% of the packets lost"
tc qdisc add dev va root netem loss 1%
tc qdisc add dev vb root netem loss 1%
reads 12 500 || fail "reads do not survive a loss of 1%"
tc -s qdisc show dev vb
dropped=$(tc -s qdisc show dev vb | sed -n 's/.*dropped \([0-9]*\).*/\1/p')
[ "$dropped" -ge 1 ] || fail "netem dropped nothing"
tc qdisc del dev va root
tc qdisc del dev vb root

echo "== a cut of two seconds, noticed and mended while reads run"
# The programs of perftest try for ever (on rxe, a retry count of 7 has no end), so that here a cut is no error.
(
  before=$(packets)
  until [ $(($(packets) - before)) -ge 100 ]; do sleep 0.01; done
  tc qdisc add dev vb root netem loss 100%
  sleep 2
  tc -s qdisc show dev vb > "$scratch/cut"
  tc qdisc del dev vb root
) &
cut=$!
started=$(date +%s%N)
reads 12 20000 || fail "reads do not go on after a cut"
took_ms=$((($(date +%s%N) - started) / 1000000))
wait $cut || fail "the wire could not be cut"
dropped=$(sed -n 's/.*dropped \([0-9]*\).*/\1/p' "$scratch/cut")
echo "$dropped packets dropped, reads took $took_ms ms"
[ "$dropped" -ge 1 ] || fail "the reads were over before the cut"
[ "$took_ms" -ge 2000 ] || fail "reads were done while the wire was cut"
