// SPDX-License-Identifier: Apache-2.0
// base/spsc_ring.hh -- a ring of fixed entries between two processes, one writer and one reader.
//
// Positions run freely in 32 bits; entry i lies at i & (capacity - 1). Each side keeps its own
// position in private memory and only publishes it; the other's is input, checked at every use: a
// position that claims more entries than the ring has is kInvalid, and nothing is read or written.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <span>
#include <type_traits>

#include "base/check.hh"
#include "base/result.hh"

namespace obj {

// In shared memory; zero at the start.
struct RingPositions {
  alignas(64) std::atomic<uint32_t> tail;  // 0: entries ever written; stored by the producer
  alignas(64) std::atomic<uint32_t> head;  // 64: entries ever taken; stored by the consumer
};
static_assert(sizeof(RingPositions) == 128 && std::is_standard_layout_v<RingPositions>);

// Threads: one at a time. Lifetime: `positions` and `entries` must outlive it.
template <class Entry>
class RingProducer {
  static_assert(std::is_trivially_copyable_v<Entry>);

 public:
  // REQUIRES: entries.size() is a power of two, and both positions are `start`: 0 in a fresh ring.
  RingProducer(RingPositions& positions, std::span<Entry> entries, uint32_t start = 0)
      : positions_(&positions), entries_(entries), tail_(start) {
    OBJ_CHECK(std::has_single_bit(entries.size()));
  }

  // Entries that can be pushed now. kInvalid if the consumer's position is impossible.
  Result<uint32_t> room() {
    const uint32_t used = tail_ - positions_->head.load(std::memory_order_acquire);
    if (used > entries_.size()) return std::unexpected(Error{ErrorCode::kInvalid, 0, "ring head"});
    return static_cast<uint32_t>(entries_.size()) - used;
  }

  // Writes one entry, not yet visible. REQUIRES: room() said so.
  void push(const Entry& entry) { entries_[tail_++ & (entries_.size() - 1)] = entry; }

  // Makes all pushed entries visible. seq_cst: the caller's next load of a "sleeps" flag must not
  // pass this store; it pairs with the flag's store in the consumer, which then reads `tail`.
  void publish() { positions_->tail.store(tail_, std::memory_order_seq_cst); }

 private:
  RingPositions* positions_;
  std::span<Entry> entries_;
  uint32_t tail_;
};

// Threads: one at a time. Lifetime: `positions` and `entries` must outlive it.
template <class Entry>
class RingConsumer {
  static_assert(std::is_trivially_copyable_v<Entry>);

 public:
  // REQUIRES: entries.size() is a power of two, and both positions are `start`: 0 in a fresh ring.
  RingConsumer(RingPositions& positions, std::span<const Entry> entries, uint32_t start = 0)
      : positions_(&positions), entries_(entries), head_(start) {
    OBJ_CHECK(std::has_single_bit(entries.size()));
  }

  // Entries that can be taken now. kInvalid if the producer's position is impossible.
  Result<uint32_t> available() const {
    const uint32_t count = positions_->tail.load(std::memory_order_seq_cst) - head_;
    if (count > entries_.size()) return std::unexpected(Error{ErrorCode::kInvalid, 0, "ring tail"});
    return count;
  }

  // Copies the next entry out: the producer may scribble on the original at any time, so whatever
  // is checked must be a copy. REQUIRES: available() said so.
  Entry take() { return entries_[head_++ & (entries_.size() - 1)]; }

  // Lets the producer reuse the entries taken. Release; pairs with the acquire in room().
  void publish() { positions_->head.store(head_, std::memory_order_release); }

 private:
  RingPositions* positions_;
  std::span<const Entry> entries_;
  uint32_t head_;
};

}  // namespace obj
