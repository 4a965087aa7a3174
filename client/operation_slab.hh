// SPDX-License-Identifier: Apache-2.0
// client/operation_slab.hh -- memory of operations, recycled.
#pragma once

#include <deque>
#include <new>
#include <vector>

#include "client/operation.hh"

namespace obj::client {

// Operations stay where they are until the slab is gone, so that an abandoned one can live on until
// its completion arrives, and a stale handle of the user's points to an Idle operation, not to
// freed memory.
//
// Threads: one at a time.
class OperationSlab {
 public:
  // Null if there is no memory for another one.
  obj_request* make(const Order& order) noexcept {
    if (free_.empty() && !grow()) return nullptr;
    obj_request* const operation = free_.back();
    free_.pop_back();
    operation->reset(order);
    return operation;
  }

  // REQUIRES: Done, and not recycled yet.
  void recycle(Operation& operation) {
    operation.retire();
    free_.push_back(static_cast<obj_request*>(&operation));
  }

 private:
  bool grow() noexcept {
    try {
      // Room for all of them, so that recycle() never allocates.
      if (free_.capacity() <= operations_.size()) free_.reserve(2 * operations_.size() + 64);
      free_.push_back(&operations_.emplace_back());
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }

  std::deque<obj_request> operations_;
  std::vector<obj_request*> free_;
};

}  // namespace obj::client
