// SPDX-License-Identifier: Apache-2.0
// directory/tenures.hh -- whose copies count: one node, from one inventory to the next.
//
// A copy belongs to a tenure and is as good as gone once that is retired, which is one store
// however many copies there are. Records are cleaned when somebody looks at them, or by the sweep.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/check.hh"
#include "directory/location.hh"
#include "directory/object_record.hh"
#include "fabric/message_transport.hh"

namespace obj::directory {

// Threads: the reactor thread.
class Tenures {
 public:
  Tenures() : tenures_(1) {}

  TenureNumber open(const NodeRef& node) {
    TenureNumber number = static_cast<TenureNumber>(tenures_.size());
    if (unused_.empty()) {
      tenures_.emplace_back();
    } else {
      number = unused_.back();
      unused_.pop_back();
    }
    tenures_[number] = {.node = node, .live = true};
    return number;
  }

  // Its number is given out again when its last copy has been taken out.
  // REQUIRES: live. Nobody but copies names it any more.
  void retire(TenureNumber number) {
    OBJ_CHECK(is_live(number));
    tenures_[number].live = false;
    retired_copies_ += tenures_[number].copies;
    if (tenures_[number].copies == 0) unused_.push_back(number);
  }

  bool is_live(TenureNumber number) const { return tenures_[number].live; }
  const NodeRef& node(TenureNumber number) const { return tenures_[number].node; }
  uint32_t copies(TenureNumber number) const { return tenures_[number].copies; }
  uint32_t freeing(TenureNumber number) const { return tenures_[number].freeing; }
  // How to reach the node, if it is connected.
  std::optional<PeerId> peer(TenureNumber number) const { return tenures_[number].peer; }
  void set_peer(TenureNumber number, std::optional<PeerId> peer) { tenures_[number].peer = peer; }

  // Copies that are as good as gone and still in their records.
  uint64_t retired_copies() const { return retired_copies_; }

  void count(const CopyEntry& entry) {
    tenures_[entry.tenure].copies++;
    if (entry.freeing()) tenures_[entry.tenure].freeing++;
  }
  void count_freeing(const CopyEntry& entry) { tenures_[entry.tenure].freeing++; }
  void discount(const CopyEntry& entry) {
    Tenure& tenure = tenures_[entry.tenure];
    tenure.copies--;
    if (entry.freeing()) tenure.freeing--;
    if (tenure.live) return;
    retired_copies_--;
    if (tenure.copies == 0) unused_.push_back(entry.tenure);
  }

 private:
  struct Tenure {
    NodeRef node{};
    std::optional<PeerId> peer{};
    uint32_t copies = 0;
    uint32_t freeing = 0;  // of them
    bool live = false;
  };

  std::vector<Tenure> tenures_;
  std::vector<TenureNumber> unused_;
  uint64_t retired_copies_ = 0;
};

}  // namespace obj::directory
