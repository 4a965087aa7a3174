// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/progress.hh"

#include <fmt/format.h>

#include <algorithm>

#include "tools/objctl/bar.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/printable.hh"
#include "tools/objctl/size_text.hh"
#include "tools/objctl/terminal.hh"
#include "tools/objctl/time_text.hh"

namespace objctl {
namespace {

constexpr size_t kBarMax = 40;
constexpr size_t kBarMin = 8;
constexpr const char* kEraseLine = "\r\x1b[K";

// "50%  1 GiB of 2 GiB  1.2 GiB/s  0:01 left"
std::string figures(uint64_t done_bytes, uint64_t total_bytes, double elapsed_s) {
  const double rate = elapsed_s > 0 ? static_cast<double>(done_bytes) / elapsed_s : 0;
  const std::string speed = human_size(static_cast<uint64_t>(rate)) + "/s";
  if (total_bytes == 0) return fmt::format("{}  {}", human_size(done_bytes), speed);
  const uint64_t left_bytes = total_bytes - std::min(done_bytes, total_bytes);
  const std::string left = rate > 0 ? clock_text(static_cast<double>(left_bytes) / rate) : "-:--";
  const double percent = 100 * static_cast<double>(done_bytes) / static_cast<double>(total_bytes);
  return fmt::format("{:3.0f}%  {} of {}  {}  {} left", std::min(percent, 100.0),
                     human_size(done_bytes), human_size(total_bytes), speed, left);
}

}  // namespace

std::string progress_line(const std::string& label, uint64_t done_bytes, uint64_t total_bytes,
                          double elapsed_s, size_t columns) {
  std::string name = printable(label);
  const std::string numbers = figures(done_bytes, total_bytes, elapsed_s);
  const size_t fixed = numbers.size() + 2;
  if (display_columns(name) + fixed > columns) name = "";
  const size_t used = display_columns(name) + fixed + 4;  // a gap and two brackets
  std::string line = name.empty() ? "" : name + "  ";
  if (total_bytes > 0 && used + kBarMin <= columns) {
    const BarPart done{done_bytes, '#'};
    line += bar({&done, 1}, total_bytes, std::min(kBarMax, columns - used)) + "  ";
  }
  line += numbers;
  return line.size() > columns && name.empty() ? line.substr(0, columns) : line;
}

Progress::Progress(std::string label, uint64_t total_bytes, Shown shown)
    : label_(std::move(label)),
      total_bytes_(total_bytes),
      is_shown_(shown == Shown::kAuto && is_terminal(STDERR_FILENO)) {}

Progress::~Progress() {
  if (is_painted_) complain(kEraseLine);
}

void Progress::advance(uint64_t bytes) {
  done_bytes_ += bytes;
  if (!is_shown_) return;
  const auto now = Clock::now();
  if (now < next_paint_) return;
  paint(now);
  next_paint_ = now + kRepaint;
}

void Progress::paint(Clock::time_point now) {
  const double elapsed_s = std::chrono::duration<double>(now - start_).count();
  const size_t columns = terminal_size(STDERR_FILENO).columns - 1;  // the last one would wrap
  complain(kEraseLine + progress_line(label_, done_bytes_, total_bytes_, elapsed_s, columns));
  is_painted_ = true;
}

}  // namespace objctl
