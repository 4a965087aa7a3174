// SPDX-License-Identifier: Apache-2.0
// client/pin_pool.hh -- which of the client's pin cells are free.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "client/fork_guard.hh"
#include "client/magazine.hh"

namespace obj::client {

// The magazine that this thread used last, and of which pool. Plain words, so that the hit path
// reaches them without a call; the owner of a thread's magazines is in pin_pool.cc.
struct RecentMagazine {
  uint64_t pool_serial;  // 0: none; a pool's serial is never given twice
  Magazine* magazine;
};
[[gnu::tls_model("initial-exec")]] extern constinit thread_local RecentMagazine recent_magazine;

// Every free cell lies in the pool or in one thread's magazine. A cell is released where the thread
// happens to be, so cells migrate; batches keep the pool's lock off the hit path.
//
// Limits:   exact: `cells_max` cells can be out at once, no matter how threads hoard.
// Lifetime: `cells_used`, in the session segment, must outlive it. Threads may outlive it, and exit
//           after it is gone.
// Threads:  any; not in a forked child, where the lock may be held by a thread that is not there.
class PinPool {
 public:
  PinPool(uint32_t cells_max, std::atomic<uint32_t>& cells_used, ForkEpoch epoch);
  ~PinPool();
  PinPool(const PinPool&) = delete;
  PinPool& operator=(const PinPool&) = delete;

  // A cell that nobody else has, or nothing if cells_max are out.
  std::optional<uint32_t> take() {
    if (recent_magazine.pool_serial == serial_) [[likely]] {
      if (const auto cell = recent_magazine.magazine->pop()) [[likely]]
        return cell;
    }
    return take_slowly();
  }

  // REQUIRES: the cell was taken, and is 0.
  void give(uint32_t cell) {
    if (recent_magazine.pool_serial == serial_ && !recent_magazine.magazine->full()) [[likely]] {
      return recent_magazine.magazine->push(cell);
    }
    give_slowly(cell);
  }

  struct Shared;  // what threads may still hold when the pool is gone

 private:
  std::optional<uint32_t> take_slowly();
  void give_slowly(uint32_t cell);

  uint64_t serial_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace obj::client
