// SPDX-License-Identifier: Apache-2.0
// tests/fabric/ucx/test_node.hh -- a fabric on the loopback interface, and what it heard.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.hh"
#include "fabric/ucx/ucx_fabric.hh"

namespace obj {

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class RecordingHandler : public MessageHandler {
 public:
  struct Down {
    ErrorCode code;
    std::string where;
  };

  void on_peer_up(PeerId peer, bool is_ours) override {
    EXPECT_FALSE(up.contains(peer));
    up[peer] = is_ours;
    if (when_up) when_up(peer);
  }
  void on_message(PeerId peer, std::span<const std::byte> message) override {
    EXPECT_TRUE(up.contains(peer) && !down.contains(peer));
    if (when_message) return when_message(peer, message);
    messages[peer].push_back(text_of(message));
  }
  void on_peer_down(PeerId peer, const Error& why) override {
    EXPECT_FALSE(down.contains(peer)) << "told twice";
    down[peer] = {why.code, why.where};
  }

  std::map<PeerId, bool> up;  // is_ours
  std::map<PeerId, Down> down;
  std::map<PeerId, std::vector<std::string>> messages;
  std::function<void(PeerId)> when_up;
  std::function<void(PeerId, std::span<const std::byte>)> when_message;
};

struct TestNode {
  explicit TestNode(UcxFabricOptions options = {}, bool listens = true) {
    if (listens && options.listen.empty()) options.listen = "127.0.0.1:0";
    auto created = UcxFabric::create(options);
    if (!created) ADD_FAILURE() << created.error().where;
    fabric = std::move(*created);
    fabric->attach(Service::kNode, handler);
  }

  MessageTransport& transport() { return fabric->transport(Service::kNode); }
  PeerId dial(const std::string& address) {
    const auto peer = transport().dial(address);
    EXPECT_TRUE(peer.has_value());
    return peer ? *peer : 0;
  }
  PeerId dial(const TestNode& other) { return dial(other.fabric->listen_address()); }
  bool send(PeerId peer, std::string_view text) {
    return transport().send(peer, bytes_of(text)).has_value();
  }
  void turn() {
    fabric->progress(64);
    fabric->step(monotonic_ns());
  }

  RecordingHandler handler;
  std::unique_ptr<UcxFabric> fabric;
};

// Runs the nodes until `done`, or for `ms_max`: false.
inline bool run_until(std::initializer_list<TestNode*> nodes, const std::function<bool()>& done,
                      uint64_t ms_max = 20'000) {
  const uint64_t until_ns = monotonic_ns() + ms_max * 1'000'000;
  while (!done()) {
    if (monotonic_ns() >= until_ns) return false;
    for (TestNode* node : nodes) node->turn();
  }
  return true;
}

}  // namespace obj
