// SPDX-License-Identifier: Apache-2.0
// Room that is given back to a file system that others have filled beyond the guard, and taken
// again when there is enough. Otherwise free room stays with its segment: it was written once, so
// that the next writes there are fast.
#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.hh"
#include "spill/spill_directory.hh"

namespace obj {
namespace {

constexpr uint64_t kLookNs = 1'000'000'000;
// So much a second, so that discards do not starve reads and writes.
constexpr uint64_t kBudgetBytes = uint64_t{256} << 20;
constexpr uint64_t kPunchLeast = uint64_t{1} << 20;
constexpr uint64_t kPunchMost = uint64_t{64} << 20;

}  // namespace

void SpillDirectory::look_at_file_system() {
  if (now_ns_ < look_again_ns_ || !is_working() || cannot_punch_) return;
  look_again_ns_ = now_ns_ + kLookNs;
  const auto room = io_.room(directory_);
  if (!room) return;
  const uint64_t guard_bytes = guard(*room);
  uint64_t moved = 0;
  while (moved < kBudgetBytes && room->available_bytes + moved < guard_bytes) {
    const auto extent = segments_.reserve(RecordLayout::kInPlace, kPunchLeast, kPunchMost, 0);
    if (!extent) break;
    post_punch(DiskOrder::Kind::kPunch, *extent);
    moved += extent->run.size_bytes;
  }
  // Taken again only if the guard is far enough away for it not to be given back at once.
  while (moved < kBudgetBytes && !punched_.empty() &&
         room->available_bytes > guard_bytes + moved + 2 * punched_.back().run.size_bytes) {
    const SpillExtent extent = punched_.back();
    punched_.pop_back();
    punched_bytes_ -= extent.run.size_bytes;
    post_punch(DiskOrder::Kind::kAllocate, extent);
    moved += extent.run.size_bytes;
  }
}

void SpillDirectory::post_punch(DiskOrder::Kind kind, const SpillExtent& extent) {
  DiskOrder order{.kind = kind, .file = files_.at(extent.segment)};
  order.offset = extent.run.offset;
  order.size_bytes = extent.run.size_bytes;
  const uint64_t number = next_punch_++ % kPunches;
  punching_.emplace(number, Punch{extent, kind});
  work_.post(order, *this, kPunchedFirst + number);
}

void SpillDirectory::on_punched(uint64_t number, const Result<void>& result) {
  const Punch punch = punching_.extract(number).mapped();
  const bool was_punched = punch.kind == DiskOrder::Kind::kPunch;
  if (was_punched == result.has_value()) {
    // Given back, or not got again.
    punched_.push_back(punch.extent);
    punched_bytes_ += punch.extent.run.size_bytes;
  } else {
    segments_.find(punch.extent.segment)->finish(punch.extent.run, 0);
  }
  if (!result && was_punched) {
    cannot_punch_ = true;
    log::warn("spill_room_not_given_back",
              {{"directory", options_.path},
               {"cause", result.error()},
               {"then", "the room of removed objects stays with objd though the disk is full"}});
  }
}

}  // namespace obj
