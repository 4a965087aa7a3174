// SPDX-License-Identifier: Apache-2.0
// tests/fabric/verbs/fake_adapter.hh -- devices that copy memory, and messages between nodes, in
// one thread.
//
// Fault model: a work completes late, in order, and writes its bytes any time before that; it
// fails, and everything after it with it; a queue cannot be made, connected or posted to; a device
// is lost; a peer goes down at any moment, with what was sent to it.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "fabric/message_transport.hh"
#include "fabric/verbs/adapter.hh"
#include "fabric/verbs/shared_table.hh"

namespace obj::verbs {

// What all fakes of one test share.
struct FakeWire {
  std::mt19937_64 random{1};
  double fail_works = 0;  // probabilities
  double fail_calls = 0;
  uint32_t last_queue_number = 0;
  std::set<uint32_t> serving;  // queue numbers of living ones

  bool happens(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random) < probability;
  }
};

class FakeAdapter final : public Adapter {
 public:
  FakeAdapter(FakeWire& wire, const SharedTable& table, AdapterEvents& events)
      : wire_(wire), events_(events) {
    facts_ = {.name = "fake0:1",
              .gids = {{*gid_of_ipv4("10.0.0.1"), GidKind::kRoceV2Ipv4, 1},
                       {Gid{0xfe, 0x80, 1}, GidKind::kRoceV2LinkLocal, 0}},
              .bits_per_s = 0,
              .works_max = 8,
              .read_bytes_max = 3000};
    memory_ = {layout_of(table.arena()), layout_of(table.table())};
  }

  const AdapterFacts& facts() const override { return facts_; }
  const NodeMemory& memory() const override { return memory_; }
  Result<std::unique_ptr<ReadingQueue>> make_reading(const GidEntry& gid) override {
    if (is_lost || wire_.happens(wire_.fail_calls)) return std::unexpected(failure());
    return std::unique_ptr<ReadingQueue>(new Reading(*this, address(gid)));
  }
  Result<std::unique_ptr<ServingQueue>> make_serving(const GidEntry& gid,
                                                     const QueueAddress&) override {
    if (is_lost || wire_.happens(wire_.fail_calls)) return std::unexpected(failure());
    return std::unique_ptr<ServingQueue>(new Serving(wire_, address(gid)));
  }
  bool is_present() const override { return is_there; }
  Result<void> add_to(Reactor&) override { return {}; }
  void close() override { EXPECT_TRUE(readings_.empty()) << "closed under its queues"; }

  void lose() {
    is_lost = true;
    events_.on_lost({ErrorCode::kDisconnected, 0, "test"});
  }
  // Some of what was posted is done.
  void progress() {
    const std::vector<Reading*> all(readings_.begin(), readings_.end());
    for (Reading* reading : all) {
      if (readings_.contains(reading)) reading->progress();
    }
  }

  bool is_lost = false;
  bool is_there = true;

 private:
  static constexpr uint64_t kPiece = 50'000;  // not aligned to anything

  class Serving final : public ServingQueue {
   public:
    Serving(FakeWire& wire, const QueueAddress& address) : wire_(wire), address_(address) {
      wire_.serving.insert(address_.queue_number);
    }
    ~Serving() override { wire_.serving.erase(address_.queue_number); }
    QueueAddress address() const override { return address_; }

   private:
    FakeWire& wire_;
    QueueAddress address_;
  };

  class Reading final : public ReadingQueue {
   public:
    Reading(FakeAdapter& adapter, const QueueAddress& address)
        : adapter_(adapter), address_(address) {
      adapter_.readings_.insert(this);
    }
    ~Reading() override { adapter_.readings_.erase(this); }
    QueueAddress address() const override { return address_; }
    Result<void> connect(const QueueAddress& partner) override {
      if (adapter_.wire_.happens(adapter_.wire_.fail_calls)) return std::unexpected(failure());
      partner_ = partner.queue_number;
      return {};
    }
    Result<void> post(std::span<const ReadWork> works) override {
      EXPECT_NE(partner_, 0u);
      if (adapter_.wire_.happens(adapter_.wire_.fail_calls)) return std::unexpected(failure());
      posted_.insert(posted_.end(), works.begin(), works.end());
      EXPECT_LE(posted_.size(), adapter_.facts_.works_max);
      EXPECT_TRUE(works.back().is_signalled);
      return {};
    }

    void progress() {
      // Unsignalled ones are silent, so all that is polled here ends with a signalled one.
      while (!posted_.empty() && !is_broken_ && adapter_.wire_.happens(0.7)) {
        const ReadWork work = posted_.front();
        const bool reaches = adapter_.wire_.serving.contains(partner_);
        if (!reaches || adapter_.wire_.happens(adapter_.wire_.fail_works)) {
          is_broken_ = true;
          return adapter_.events_.on_work_done(work.tag, std::unexpected(failure()));
        }
        std::memcpy(work.local, reinterpret_cast<const void*>(work.remote_address),
                    work.size_bytes);
        posted_.pop_front();
        if (!work.is_signalled) continue;
        return adapter_.events_.on_work_done(work.tag, {});  // which may destroy this
      }
    }

   private:
    FakeAdapter& adapter_;
    QueueAddress address_;
    uint32_t partner_ = 0;
    std::deque<ReadWork> posted_;
    bool is_broken_ = false;
  };

  static Error failure() { return {ErrorCode::kDisconnected, 0, "fake"}; }
  static MemoryLayout layout_of(std::span<const std::byte> memory) {
    MemoryLayout layout{.address = reinterpret_cast<uintptr_t>(memory.data()),
                        .size_bytes = memory.size(),
                        .piece_bytes = kPiece - kPiece % kSlotBytes,
                        .keys = {}};
    layout.keys.resize((memory.size() - 1) / layout.piece_bytes + 1);
    return layout;
  }
  QueueAddress address(const GidEntry& gid) {
    return {.gid = gid.gid,
            .kind = gid.kind,
            .lid = 0,
            .queue_number = ++wire_.last_queue_number,
            .packet_number = 1,
            .mtu_bytes = 1024,
            .reads_max = 4};
  }

  FakeWire& wire_;
  AdapterEvents& events_;
  AdapterFacts facts_;
  NodeMemory memory_;
  std::set<Reading*> readings_;
};

// Messages between the nodes of one test, delivered when the test says so.
class FakeMessages final : public MessageTransport {
 public:
  // `self`: who it is to others.
  explicit FakeMessages(SourceNode self) : self_(self) {}

  void attach(MessageHandler& handler) { handler_ = &handler; }
  void know(const std::string& address, FakeMessages& other) { others_[address] = &other; }
  std::optional<SourceNode> identity(PeerId peer) const {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return std::nullopt;
    return found->second.other->self_;
  }

  Result<PeerId> dial(const std::string& address) override {
    const PeerId peer = ++last_;
    const auto other = others_.find(address);
    if (other == others_.end() || other->second == nullptr) {
      later_.push_back([this, peer] { tell_down(peer, ErrorCode::kDisconnected); });
      return peer;
    }
    FakeMessages& far = *other->second;
    const PeerId there = ++far.last_;
    peers_[peer] = {&far, there};
    far.peers_[there] = {this, peer};
    later_.push_back([this, peer] {
      if (peers_.contains(peer)) handler_->on_peer_up(peer, true);
    });
    far.later_.push_back([&far, there] {
      if (far.peers_.contains(there)) far.handler_->on_peer_up(there, false);
    });
    return peer;
  }
  Result<void> send(PeerId peer, std::span<const std::byte> message) override {
    const auto found = peers_.find(peer);
    if (found == peers_.end()) return std::unexpected(Error{ErrorCode::kDisconnected});
    FakeMessages& far = *found->second.other;
    const PeerId there = found->second.peer;
    far.later_.push_back([&far, there, copy = std::vector(message.begin(), message.end())] {
      if (far.peers_.contains(there)) far.handler_->on_message(there, copy);
    });
    return {};
  }
  void hang_up(PeerId peer) override { cut(peer, ErrorCode::kCancelled); }

  // The connection breaks, for both.
  void cut(PeerId peer, ErrorCode code = ErrorCode::kDisconnected) {
    const auto found = peers_.extract(peer);
    if (found.empty()) return;
    FakeMessages& far = *found.mapped().other;
    const PeerId there = found.mapped().peer;
    later_.push_back([this, peer, code] { tell_down(peer, code); });
    far.peers_.erase(there);
    far.later_.push_back([&far, there] { far.tell_down(there, ErrorCode::kDisconnected); });
  }
  std::vector<PeerId> peers() const {
    std::vector<PeerId> all;
    for (const auto& [peer, entry] : peers_) all.push_back(peer);
    return all;
  }
  void deliver() {
    const auto now = std::exchange(later_, {});
    for (const auto& each : now) each();
  }

 private:
  struct Peer {
    FakeMessages* other;
    PeerId peer;
  };
  void tell_down(PeerId peer, ErrorCode code) { handler_->on_peer_down(peer, {code, 0, "fake"}); }

  SourceNode self_;
  MessageHandler* handler_ = nullptr;
  std::map<std::string, FakeMessages*> others_;
  std::map<PeerId, Peer> peers_;
  std::vector<std::function<void()>> later_;
  PeerId last_ = 0;
};

}  // namespace obj::verbs
