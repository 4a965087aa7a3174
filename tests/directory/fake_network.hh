// SPDX-License-Identifier: Apache-2.0
// tests/directory/fake_network.hh -- message transports in memory, with faults.
//
// Fault model: messages of one connection arrive in order, once, after any number of steps; other
// connections overtake. A connection may be cut between any two messages, and then what was under
// way is lost, perhaps on one side only; each side hears so at a time of its own. An endpoint may
// be frozen: nothing reaches it, and nothing tells the others. It may vanish, as when it is killed.
// A queue that is full refuses (kLimit).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/check.hh"
#include "fabric/message_transport.hh"

namespace obj::directory {

class FakeNetwork;

// One process's transport. Lifetime: the network must outlive it.
class FakeEndpoint : public MessageTransport {
 public:
  FakeEndpoint(FakeNetwork& network, std::string address);
  ~FakeEndpoint() override;

  // REQUIRES: before the network's next step; it outlives the endpoint.
  void set_handler(MessageHandler& handler) { handler_ = &handler; }
  MessageHandler& handler() { return *handler_; }
  bool frozen = false;

  Result<PeerId> dial(const std::string& address) override;
  Result<void> send(PeerId peer, std::span<const std::byte> message) override;
  void hang_up(PeerId peer) override;

 private:
  FakeNetwork& network_;
  std::string address_;
  MessageHandler* handler_ = nullptr;
};

class FakeNetwork {
 public:
  explicit FakeNetwork(uint64_t seed) : random_(seed) {}

  static constexpr size_t kQueueMax = 1000;

  // Of 1000 steps of a connection, in how many it is cut.
  uint32_t cuts_per_1000 = 0;
  // Messages that arrive on a connection in one step: 0 up to this.
  uint32_t burst_max = 4;

  void step() {
    // Handlers may dial meanwhile: those connections take part from the next step on.
    const size_t count = connections_.size();
    for (size_t i = 0; i < count; i++) {
      Connection& connection = *connections_[i];
      if (random_() % 1000 < cuts_per_1000) cut(connection);
      const size_t first = random_() % 2;
      progress(connection, first);
      progress(connection, 1 - first);
    }
    std::erase_if(connections_, [](const auto& connection) {
      return (connection->sides[0].down_told || connection->sides[0].owner == nullptr) &&
             (connection->sides[1].down_told || connection->sides[1].owner == nullptr);
    });
  }

 private:
  friend class FakeEndpoint;

  struct Side {
    FakeEndpoint* owner = nullptr;  // null: there is none, or it vanished
    PeerId id = 0;
    bool up_told = false;
    bool down_told = false;
    ErrorCode why = ErrorCode::kDisconnected;
    std::deque<std::vector<std::byte>> inbox;
  };
  struct Connection {
    Side sides[2];  // who dialled, and whom
    bool cut = false;
  };

  void attach(const std::string& address, FakeEndpoint* endpoint) {
    OBJ_CHECK(endpoints_.try_emplace(address, endpoint).second);
  }
  void detach(const std::string& address, FakeEndpoint* endpoint) {
    endpoints_.erase(address);
    for (auto& connection : connections_) {
      for (Side& side : connection->sides) {
        if (side.owner != endpoint) continue;
        side.owner = nullptr;
        cut(*connection);
      }
    }
  }

  PeerId connect(FakeEndpoint* from, const std::string& address) {
    auto connection = std::make_unique<Connection>();
    connection->sides[0].owner = from;
    connection->sides[0].id = next_peer_++;
    const auto target = endpoints_.find(address);
    if (target == endpoints_.end())
      connection->cut = true;
    else
      connection->sides[1].owner = target->second;
    connection->sides[1].id = next_peer_++;
    const PeerId peer = connection->sides[0].id;
    connections_.push_back(std::move(connection));
    return peer;
  }

  // {connection, which side}, or null.
  std::pair<Connection*, size_t> find(const FakeEndpoint* owner, PeerId peer) {
    for (auto& connection : connections_) {
      for (size_t at = 0; at < 2; at++) {
        const Side& side = connection->sides[at];
        if (side.owner == owner && side.id == peer) return {connection.get(), at};
      }
    }
    return {nullptr, 0};
  }

  // Some of what is under way still arrives, or none.
  void cut(Connection& connection) {
    if (connection.cut) return;
    connection.cut = true;
    for (Side& side : connection.sides) side.inbox.resize(random_() % (side.inbox.size() + 1));
  }

  void progress(Connection& connection, size_t at) {
    Side& side = connection.sides[at];
    if (side.owner == nullptr || side.owner->frozen || side.down_told) return;
    MessageHandler& handler = side.owner->handler();
    // Connecting takes both; a connection that was up goes on being up for each on its own.
    if (!side.up_told && !connection.cut) {
      if (connection.sides[1 - at].owner->frozen && !connection.sides[1 - at].up_told) return;
      side.up_told = true;
      handler.on_peer_up(side.id, at == 0);
      return;
    }
    for (uint64_t burst = random_() % (burst_max + 1); burst > 0 && side.up_told; burst--) {
      if (side.inbox.empty() || side.down_told || side.owner == nullptr) break;
      const std::vector<std::byte> message = std::move(side.inbox.front());
      side.inbox.pop_front();
      handler.on_message(side.id, message);
    }
    const bool rest_is_lost = side.why == ErrorCode::kCancelled || !side.up_told;
    if (!connection.cut || !(side.inbox.empty() || rest_is_lost) || random_() % 2 == 0) return;
    side.down_told = true;
    side.inbox.clear();
    handler.on_peer_down(side.id, {side.why, 0, "fake network"});
  }

  std::mt19937_64 random_;
  std::map<std::string, FakeEndpoint*> endpoints_;
  std::vector<std::unique_ptr<Connection>> connections_;
  PeerId next_peer_ = 1;
};

inline FakeEndpoint::FakeEndpoint(FakeNetwork& network, std::string address)
    : network_(network), address_(std::move(address)) {
  network_.attach(address_, this);
}

inline FakeEndpoint::~FakeEndpoint() { network_.detach(address_, this); }

inline Result<PeerId> FakeEndpoint::dial(const std::string& address) {
  return network_.connect(this, address);
}

inline Result<void> FakeEndpoint::send(PeerId peer, std::span<const std::byte> message) {
  const auto [connection, at] = network_.find(this, peer);
  if (connection == nullptr || connection->sides[at].down_told) {
    return std::unexpected(Error{ErrorCode::kDisconnected, 0, "fake network"});
  }
  if (message.size() > kMessageBytesMax) {
    return std::unexpected(Error{ErrorCode::kTooLarge, 0, "fake network"});
  }
  auto& inbox = connection->sides[1 - at].inbox;
  if (connection->cut) return {};  // lost
  if (inbox.size() >= FakeNetwork::kQueueMax) {
    return std::unexpected(Error{ErrorCode::kLimit, 0, "fake network"});
  }
  inbox.emplace_back(message.begin(), message.end());
  return {};
}

inline void FakeEndpoint::hang_up(PeerId peer) {
  const auto [connection, at] = network_.find(this, peer);
  if (connection == nullptr || connection->sides[at].down_told) return;
  connection->sides[at].why = ErrorCode::kCancelled;
  connection->cut = true;
}

}  // namespace obj::directory
