// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_rings.cc -- both ends of a ring, whose other end writes whatever it likes.
#include <vector>

#include "base/check.hh"
#include "base/spsc_ring.hh"
#include "tests/fuzz/fuzz_input.hh"

namespace {

using namespace obj;

struct Entry {
  uint64_t words[8];
};

constexpr uint32_t kEntries = 8;

void consume(RingConsumer<Entry>& consumer, uint32_t most) {
  const auto available = consumer.available();
  if (!available) return;
  OBJ_CHECK(*available <= kEntries);
  for (uint32_t i = 0; i < std::min(*available, most); i++) {
    [[maybe_unused]] const Entry entry = consumer.take();
  }
  consumer.publish();
}

void produce(RingProducer<Entry>& producer, uint32_t most) {
  const auto room = producer.room();
  if (!room) return;
  OBJ_CHECK(*room <= kEntries);
  for (uint32_t i = 0; i < std::min(*room, most); i++) producer.push(Entry{});
  producer.publish();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  FuzzInput input(data, size_bytes);
  RingPositions requests{};
  RingPositions completions{};
  // On the heap and of exact size, so that a step beyond an end is caught.
  std::vector<Entry> request_entries(kEntries);
  std::vector<Entry> completion_entries(kEntries);
  const auto start = static_cast<uint32_t>(input.pick({0, UINT32_MAX - 3, 1u << 31}));
  requests.tail = requests.head = completions.tail = completions.head = start;
  RingConsumer<Entry> consumer(requests, request_entries, start);
  RingProducer<Entry> producer(completions, completion_entries, start);
  while (!input.is_empty()) {
    switch (input.below(6)) {
      case 0: requests.tail.fetch_add(input.below(kEntries + 2)); break;
      case 1: requests.tail.store(input.take<uint32_t>()); break;
      case 2: consume(consumer, input.below(kEntries + 1)); break;
      case 3: completions.head.fetch_add(input.below(kEntries + 2)); break;
      case 4: completions.head.store(input.take<uint32_t>()); break;
      case 5: produce(producer, input.below(kEntries + 1)); break;
    }
  }
  return 0;
}
