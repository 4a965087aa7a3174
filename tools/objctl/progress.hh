// SPDX-License-Identifier: Apache-2.0
// tools/objctl/progress.hh -- how far a long copy is, on the last line of a terminal.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace objctl {

// "model.bin  [########........]  50%  1 GiB of 2 GiB  1.2 GiB/s  0:01 left", at most `columns`
// wide: the bar gives way first, then the label. total_bytes 0 means that nobody knows: then
// without bar, share and time left.
std::string progress_line(const std::string& label, uint64_t done_bytes, uint64_t total_bytes,
                          double elapsed_s, size_t columns);

// Paints that line on standard error if it is a terminal and the copy takes long; leaves nothing of
// it behind.
class Progress {
 public:
  enum class Shown { kAuto, kNever };

  Progress(std::string label, uint64_t total_bytes, Shown shown);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(uint64_t bytes);

 private:
  using Clock = std::chrono::steady_clock;
  // A copy that is over sooner needs no bar.
  static constexpr auto kPatience = std::chrono::milliseconds(500);
  static constexpr auto kRepaint = std::chrono::milliseconds(100);

  void paint(Clock::time_point now);

  const std::string label_;
  const uint64_t total_bytes_;
  const bool is_shown_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point next_paint_ = start_ + kPatience;
  uint64_t done_bytes_ = 0;
  bool is_painted_ = false;
};

}  // namespace objctl
