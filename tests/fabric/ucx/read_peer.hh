// SPDX-License-Identifier: Apache-2.0
// tests/fabric/ucx/read_peer.hh -- a node with an arena that others read, and reads of its own.
//
// Fault model: generations that moved on, copies that are shorter than claimed. The bytes of the
// arena are a function of their offset, so every byte that arrives can be checked.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <vector>

#include "fabric/ucx/ucx_reads.hh"
#include "tests/fabric/ucx/test_node.hh"

namespace obj {

inline std::byte arena_byte(uint64_t offset) {
  return static_cast<std::byte>((offset * 2654435761u) >> 13 ^ offset);
}

class TestSource : public ReadSource {
 public:
  static constexpr uint64_t kGeneration = 7;

  explicit TestSource(size_t arena_bytes) : arena(arena_bytes) {
    for (size_t i = 0; i < arena_bytes; i++) arena[i] = arena_byte(i);
  }

  // One extent, the whole arena, in slot 0; in slot s > 0 it begins s * 4096 bytes later.
  Result<Held> hold(const ObjectId&, uint32_t slot, uint64_t generation) override {
    if (generation != kGeneration || slot * 4096ull > arena.size()) return stale();
    held[slot]++;
    return Held{std::span(arena).subspan(slot * 4096ull), sighting(slot)};
  }
  void let_go(uint32_t slot, uint64_t generation) override {
    EXPECT_EQ(generation, kGeneration);
    EXPECT_GT(held[slot], 0);
    held[slot]--;
  }
  Result<SlotSighting> look(const ObjectId&, uint32_t slot, uint64_t generation) override {
    if (generation != kGeneration) return stale();
    return sighting(slot);
  }

  SlotSighting sighting(uint32_t slot) const {
    return {.id = {},
            .generation = kGeneration,
            .offset = slot * 4096ull,
            .data_bytes = arena.size() - slot * 4096ull,
            .metadata_bytes = 11,
            .ready_bytes = arena.size() - slot * 4096ull};
  }
  uint64_t holds() const {
    uint64_t sum = 0;
    for (const auto& [slot, count] : held) sum += static_cast<uint64_t>(count);
    return sum;
  }

  std::vector<std::byte> arena;
  std::map<uint32_t, int> held;

 private:
  static std::unexpected<Error> stale() {
    return std::unexpected(Error{ErrorCode::kStale, 0, "test"});
  }
};

class TestCompletions : public ReadCompletions {
 public:
  void on_read_done(ReadCookie cookie, const Result<ReadProof>& result) override {
    done++;
    EXPECT_TRUE(reads.emplace(cookie, result).second) << "completed twice";
  }
  void on_check_done(ReadCookie cookie, const Result<SlotSighting>& result) override {
    done++;
    EXPECT_TRUE(checks.emplace(cookie, result).second) << "completed twice";
  }

  uint64_t done = 0;
  std::map<ReadCookie, Result<ReadProof>> reads;
  std::map<ReadCookie, Result<SlotSighting>> checks;
};

struct ReadPeer {
  explicit ReadPeer(SourceNode self, size_t arena_bytes = 1 << 20, UcxFabricOptions options = {},
                    UcxReadsOptions reads_options = {})
      : node(self), source(arena_bytes) {
    options.self = self;
    options.listen = "127.0.0.1:0";
    auto created = UcxFabric::create(options);
    if (!created) ADD_FAILURE() << created.error().where;
    fabric = std::move(*created);
    reads = std::make_unique<UcxReads>(*fabric, source, completions, reads_options);
  }

  void connect(const ReadPeer& other) {
    transport().connect(other.node, other.fabric->listen_address());
  }
  ReadTransport& transport() { return reads->transport(); }
  // Reads [offset, + size) of what the other has in `slot`.
  void read(SourceNode owner, ReadCookie cookie, uint64_t offset, std::span<std::byte> destination,
            uint32_t slot = 0, uint64_t generation = TestSource::kGeneration) {
    transport().post_read({.cookie = cookie,
                           .copy = {.node = owner,
                                    .id = {},
                                    .slot = slot,
                                    .generation = generation,
                                    .offset = slot * 4096ull},
                           .object_offset = offset,
                           .size_bytes = static_cast<uint32_t>(destination.size()),
                           .destination = destination.data()});
  }
  void check(SourceNode owner, ReadCookie cookie, uint32_t slot,
             uint64_t generation = TestSource::kGeneration) {
    transport().post_check(
        {cookie, {.node = owner, .id = {}, .slot = slot, .generation = generation}});
  }
  void turn() {
    fabric->progress(64);
    reads->progress(64);
    const uint64_t now_ns = monotonic_ns();
    fabric->step(now_ns);
    reads->step(now_ns);
  }

  SourceNode node;
  TestSource source;
  TestCompletions completions;
  std::unique_ptr<UcxReads> reads;
  std::unique_ptr<UcxFabric> fabric;  // destroyed first: the memory above is ours again then
};

inline bool run_until(std::initializer_list<ReadPeer*> peers, const std::function<bool()>& done,
                      uint64_t ms_max = 20'000) {
  const uint64_t until_ns = monotonic_ns() + ms_max * 1'000'000;
  while (!done()) {
    if (monotonic_ns() >= until_ns) return false;
    for (ReadPeer* peer : peers) peer->turn();
  }
  return true;
}

}  // namespace obj
