// SPDX-License-Identifier: Apache-2.0
// tests/stress/pin_stress/scoreboard.hh -- what the processes of the stress test tell one another.
#pragma once

#include <sys/mman.h>

#include <atomic>
#include <cstdint>

#include "base/check.hh"

namespace obj {

// Shared by a parent and its forked children. Counters are relaxed: they order nothing.
struct Scoreboard {
  alignas(64) std::atomic<uint64_t> versions;  // made so far
  alignas(64) std::atomic<uint64_t> gets;
  alignas(64) std::atomic<uint64_t> misses;
  alignas(64) std::atomic<uint64_t> wrong;
  alignas(64) std::atomic<uint32_t> stop;
};

class SharedScoreboard {
 public:
  SharedScoreboard() {
    void* const memory = ::mmap(nullptr, sizeof(Scoreboard), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    OBJ_CHECK(memory != MAP_FAILED);
    board_ = new (memory) Scoreboard{};
  }
  ~SharedScoreboard() { ::munmap(board_, sizeof(Scoreboard)); }
  SharedScoreboard(const SharedScoreboard&) = delete;
  SharedScoreboard& operator=(const SharedScoreboard&) = delete;

  Scoreboard& operator*() const { return *board_; }
  Scoreboard* operator->() const { return board_; }

 private:
  Scoreboard* board_;
};

}  // namespace obj
