// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/fallback_reads.hh -- reads over verbs where that works, over another transport where
// it does not. Decided for each read.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>

#include "fabric/read_transport.hh"
#include "fabric/verbs/path_state.hh"

namespace obj::verbs {

// A read that breaks with its path is asked again over the other transport before its poster hears
// of it; one that the owner's device refuses, or that was hurried, is not. The first use of the
// other transport for a node is logged, as is the way back.
//
// Threads:  the reactor thread.
// Lifetime: `poster` and what is attached outlive it.
class FallbackReads final : public ReadTransport, public ReadCompletions {
 public:
  using PathOf = std::function<std::optional<PathState>(SourceNode)>;

  // The other transport tells `poster` its completions itself.
  explicit FallbackReads(ReadCompletions& poster) : poster_(poster) {}

  // Before anything else. `first` tells this its completions; `path_of`: how far it has come.
  void attach(ReadTransport& first, PathOf path_of, ReadTransport& second) {
    first_ = &first;
    second_ = &second;
    path_of_ = std::move(path_of);
  }

  // ReadTransport. The other one is connected when it is needed.
  void connect(SourceNode node, const std::string& address) override;
  void forget(SourceNode node) override;
  void post_read(const ReadOrder& order) override;
  void post_check(const CheckOrder& order) override;
  void hurry(ReadCookie cookie) override;

  // ReadCompletions of the first.
  void on_read_done(ReadCookie cookie, const Result<ReadProof>& result) override;
  void on_check_done(ReadCookie cookie, const Result<SlotSighting>& result) override;

  // Reads and checks that went over the other transport: at once, and after they broke.
  uint64_t diverted() const { return diverted_; }
  uint64_t asked_again() const { return asked_again_; }

 private:
  using Order = std::variant<ReadOrder, CheckOrder>;
  struct Posted {
    Order order;
    bool is_hurried = false;
  };
  struct Node {
    std::string address;
    bool is_connected = false;   // over the other
    bool is_downgraded = false;  // as the log said last
  };

  void post(const Order& order);
  void post_first(const Order& order);
  // False: nothing is known of the node.
  bool post_second(const Order& order);
  // Takes the order of a completion; nothing if it was told already that way.
  std::optional<Order> to_ask_again(ReadCookie cookie, const Error* error);

  ReadCompletions& poster_;
  ReadTransport* first_ = nullptr;
  ReadTransport* second_ = nullptr;
  PathOf path_of_;
  std::map<SourceNode, Node> nodes_;
  std::unordered_map<ReadCookie, Posted> posted_;  // at the first
  uint64_t diverted_ = 0;
  uint64_t asked_again_ = 0;
};

}  // namespace obj::verbs
