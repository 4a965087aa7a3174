// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/read_window.hh -- the READs of one queue pair: waiting, posted, completed. Pure.
//
// A queue pair completes in the order of posting, so a completion that is signalled stands for all
// before it, and few need one. Which: the last of each batch, so that nothing is left without; and
// one whenever signal_works or signal_bytes went out without, so that whoever waits for an early
// read of a long batch hears of it before the last is done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "fabric/verbs/adapter.hh"

namespace obj::verbs {

// What a work belongs to: its user's number.
using OperationIndex = uint32_t;

struct WindowLimits {
  uint32_t works_max = 128;         // posted; at most AdapterFacts::works_max
  uint64_t bytes_max = 8ull << 20;  // posted; one work may exceed it alone
  uint32_t signal_works = 16;
  uint64_t signal_bytes = 256ull << 10;
};

class ReadWindow {
 public:
  struct Work {
    uint64_t remote_address = 0;
    uint32_t key = 0;
    uint32_t size_bytes = 0;
    std::byte* local = nullptr;
    std::optional<OperationIndex> ends;  // that operation is complete with this work
  };

  // `tag_base`: the upper half of this queue's tags; the lower is a sequence number.
  ReadWindow(const WindowLimits& limits, uint32_t tag_base)
      : limits_(limits), tag_base_(uint64_t{tag_base} << 32) {}

  void add(const Work& work) {
    waiting_.push_back(work);
    bytes_ += work.size_bytes;
  }

  bool can_post() const {
    return !waiting_.empty() && posted_.size() < limits_.works_max &&
           (posted_.empty() || posted_bytes_ + waiting_.front().size_bytes <= limits_.bytes_max);
  }
  // Appends what can be posted now, which counts as posted from here on.
  void take_batch(std::vector<ReadWork>& batch);

  // This one is done, and so are all before it; appends what was complete with them. A tag that is
  // not posted (of an earlier queue, or a second completion) has no effect.
  void on_done(uint64_t tag, std::vector<OperationIndex>& ended);
  // The operation to which a posted work belongs. Nothing: it is not posted.
  std::optional<OperationIndex> operation_of(uint64_t tag) const;
  // The queue is destroyed: appends whatever was not complete. Nothing is left.
  void take_all(std::vector<OperationIndex>& ended);
  // This operation and no other, if none of its works was posted yet.
  bool withdraw(OperationIndex operation);

  bool empty() const { return waiting_.empty() && posted_.empty(); }
  size_t posted() const { return posted_.size(); }
  uint64_t bytes() const { return bytes_; }  // waiting and posted

 private:
  struct Posted {
    uint32_t size_bytes;
    std::optional<OperationIndex> ends;
  };
  uint32_t sequence_of(size_t position) const {
    return first_sequence_ + static_cast<uint32_t>(position);
  }
  // Where it is in posted_.
  std::optional<size_t> find(uint64_t tag) const;

  WindowLimits limits_;
  uint64_t tag_base_;
  std::deque<Work> waiting_;
  std::deque<Posted> posted_;
  uint32_t first_sequence_ = 0;  // of posted_.front()
  uint64_t bytes_ = 0;
  uint64_t posted_bytes_ = 0;
};

}  // namespace obj::verbs
