// SPDX-License-Identifier: Apache-2.0
// tests/sim/fake_reads.hh -- reads between the whole nodes of one simulated cluster.
//
// Fault model: a read takes any number of steps. With `proves`, the owner answers, as over UCX: it
// holds the copy and sends. Without, the bytes are taken from the owner's arena in pieces, at
// different steps, whatever is there, as by a network card; only a check tells what they were. A
// frozen owner of the first kind answers nothing; one that died breaks the connection.
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "fabric/read_source.hh"
#include "fabric/read_transport.hh"

namespace obj::sim {

class FakeReads;

class FakeFabric {
 public:
  explicit FakeFabric(uint64_t seed) : random(seed) {}

  std::mt19937_64 random;
  bool proves = true;
  uint32_t steps_max = 4;          // of one read
  uint32_t failures_per_1000 = 0;  // reads that fail although the owner lives

  FakeReads* at(SourceNode node) const {
    const auto found = nodes_.find(node);
    return found == nodes_.end() ? nullptr : found->second;
  }

 private:
  friend class FakeReads;
  std::map<SourceNode, FakeReads*> nodes_;
};

// Lifetime: the fabric must outlive it.
class FakeReads : public ReadTransport {
 public:
  FakeReads(FakeFabric& fabric, SourceNode self) : fabric_(fabric), self_(self) {
    fabric_.nodes_[self_] = this;
  }
  ~FakeReads() override { fabric_.nodes_.erase(self_); }

  void attach(ReadCompletions& completions, ReadSource& source, std::span<const std::byte> arena) {
    completions_ = &completions;
    source_ = &source;
    arena_ = arena;
  }
  void set_frozen(bool frozen) { frozen_ = frozen; }

  void connect(SourceNode node, const std::string&) override { connected_[node] = true; }
  void forget(SourceNode node) override { connected_.erase(node); }
  void post_read(const ReadOrder& order) override {
    in_flight_.push_back({order, CheckOrder{}, false, steps(), 0, false});
  }
  void post_check(const CheckOrder& order) override {
    in_flight_.push_back({ReadOrder{}, order, true, steps(), 0, false});
  }
  void hurry(ReadCookie cookie) override {
    for (Flight& flight : in_flight_) {
      if (flight.cookie() == cookie) flight.hurried = true;
    }
  }

  void step(uint64_t) {
    std::vector<Flight> going = std::move(in_flight_);
    in_flight_.clear();
    for (Flight& flight : going) {
      if (!advance(flight)) in_flight_.push_back(flight);
    }
  }
  size_t in_flight() const { return in_flight_.size(); }

 private:
  struct Flight {
    ReadOrder read;
    CheckOrder check;
    bool is_check;
    uint32_t steps_left;
    uint32_t copied_bytes;
    bool hurried;

    ReadCookie cookie() const { return is_check ? check.cookie : read.cookie; }
    const RemoteCopy& copy() const { return is_check ? check.copy : read.copy; }
  };

  uint32_t steps() { return 1 + static_cast<uint32_t>(fabric_.random() % fabric_.steps_max); }

  // True: it completed.
  bool advance(Flight& flight) {
    FakeReads* const owner = fabric_.at(flight.copy().node);
    if (owner == nullptr || !connected_.contains(flight.copy().node)) {
      return complete(flight, ErrorCode::kDisconnected);
    }
    if (flight.hurried) return complete(flight, ErrorCode::kCancelled);
    if (owner->frozen_ && fabric_.proves) return false;
    if (!fabric_.proves && !flight.is_check) copy_some(flight, *owner);
    if (--flight.steps_left > 0) return false;
    if (fabric_.random() % 1000 < fabric_.failures_per_1000) {
      return complete(flight, ErrorCode::kDisconnected);
    }
    return flight.is_check ? finish_check(flight, *owner) : finish_read(flight, *owner);
  }

  // A piece of what is in the owner's arena at this moment.
  void copy_some(Flight& flight, const FakeReads& owner) {
    const ReadOrder& read = flight.read;
    const uint32_t left = read.size_bytes - flight.copied_bytes;
    const uint32_t piece = flight.steps_left <= 1 ? left : std::min(left, left / 2);
    const uint64_t from = read.copy.offset + read.object_offset + flight.copied_bytes;
    if (from + piece > owner.arena_.size()) return;
    std::memcpy(read.destination + flight.copied_bytes, owner.arena_.data() + from, piece);
    flight.copied_bytes += piece;
  }

  bool finish_read(const Flight& flight, FakeReads& owner) {
    const ReadOrder& read = flight.read;
    if (!fabric_.proves) {
      completions_->on_read_done(read.cookie, ReadProof::kNone);
      return true;
    }
    const auto held = owner.source_->hold(read.copy.id, read.copy.slot, read.copy.generation);
    if (!held) return complete(flight, held.error().code);
    const bool is_there = read.object_offset + read.size_bytes <= held->ready.size();
    if (is_there) {
      std::memcpy(read.destination, held->ready.data() + read.object_offset, read.size_bytes);
    }
    owner.source_->let_go(read.copy.slot, read.copy.generation);
    if (!is_there) return complete(flight, ErrorCode::kStale);
    completions_->on_read_done(read.cookie, ReadProof::kSameGeneration);
    return true;
  }

  bool finish_check(const Flight& flight, FakeReads& owner) {
    const CheckOrder& check = flight.check;
    completions_->on_check_done(
        check.cookie, owner.source_->look(check.copy.id, check.copy.slot, check.copy.generation));
    return true;
  }

  bool complete(const Flight& flight, ErrorCode code) {
    const Error why{code, 0, "fake read"};
    if (flight.is_check) {
      completions_->on_check_done(flight.cookie(), std::unexpected(why));
    } else {
      completions_->on_read_done(flight.cookie(), std::unexpected(why));
    }
    return true;
  }

  FakeFabric& fabric_;
  const SourceNode self_;
  ReadCompletions* completions_ = nullptr;
  ReadSource* source_ = nullptr;
  std::span<const std::byte> arena_;
  std::map<SourceNode, bool> connected_;
  std::vector<Flight> in_flight_;
  bool frozen_ = false;
};

}  // namespace obj::sim
