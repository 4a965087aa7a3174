// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/ring_round_trip.hh"

#include <array>
#include <cstdint>
#include <vector>

#include "base/clock.hh"
#include "base/cpu_relax.hh"
#include "base/spsc_ring.hh"
#include "tools/objbench/child_process.hh"
#include "tools/objbench/percentiles.hh"
#include "tools/objbench/shared_value.hh"

namespace objbench {
namespace {

constexpr int kSamples = 2000;
constexpr int kTripsPerSample = 64;
// A few hundred milliseconds: the peer is gone, or has no core to run on.
constexpr uint32_t kSpinsMax = 100'000'000;

struct alignas(64) Entry {
  std::array<uint64_t, 8> words;
};

struct OneWay {
  obj::RingPositions positions;
  std::array<Entry, 64> entries;
};

struct Rings {
  OneWay there;
  OneWay back;
};

bool wait_for_entry(const obj::RingConsumer<Entry>& ring) {
  for (uint32_t spins = 0; spins < kSpinsMax; spins++) {
    if (ring.available().value_or(0) > 0) return true;
    obj::cpu_relax();
  }
  return false;
}

void send(obj::RingProducer<Entry>& ring, const Entry& entry) {
  ring.push(entry);
  ring.publish();
}

bool receive(obj::RingConsumer<Entry>& ring, Entry& entry) {
  if (!wait_for_entry(ring)) return false;
  entry = ring.take();
  ring.publish();
  return true;
}

// Answers until it is killed.
int echo(Rings& rings) {
  obj::RingConsumer<Entry> requests(rings.there.positions, rings.there.entries);
  obj::RingProducer<Entry> answers(rings.back.positions, rings.back.entries);
  for (Entry entry; receive(requests, entry);) send(answers, entry);
  return 0;
}

}  // namespace

Outcome<double> ring_round_trip_ns() {
  OBJBENCH_TRY(const auto rings, SharedValue<Rings>::create());
  OBJBENCH_TRY(const ChildProcess peer, ChildProcess::fork([&rings] { return echo(*rings); }));
  obj::RingProducer<Entry> requests(rings->there.positions, rings->there.entries);
  obj::RingConsumer<Entry> answers(rings->back.positions, rings->back.entries);
  std::vector<double> samples;
  Entry entry{};
  for (int sample = 0; sample < kSamples; sample++) {
    const uint64_t started_ns = obj::monotonic_ns();
    for (int trip = 0; trip < kTripsPerSample; trip++) {
      send(requests, entry);
      if (!receive(answers, entry)) return std::unexpected("the ring's other end does not answer");
    }
    samples.push_back(static_cast<double>(obj::monotonic_ns() - started_ns) / kTripsPerSample);
  }
  return median(std::move(samples));
}

}  // namespace objbench
