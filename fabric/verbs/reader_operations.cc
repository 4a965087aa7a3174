// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <utility>

#include "base/check.hh"
#include "fabric/verbs/lane_choice.hh"
#include "fabric/verbs/pieces.hh"
#include "fabric/verbs/reader.hh"

namespace obj::verbs {
namespace {

constexpr Error kUnknownNode{ErrorCode::kDisconnected, 0, "verbs: no address of the node is known"};
constexpr Error kOutside{ErrorCode::kInvalid, 0,
                         "verbs: the location lies outside of the owner's memory"};
constexpr Error kTooManyChecks{ErrorCode::kLimit, 0, "verbs: too many checks at once"};
constexpr Error kHurried{ErrorCode::kCancelled, 0, "verbs: hurried"};
constexpr Error kHurryBroke{ErrorCode::kTimeout, 0,
                            "verbs: a read that was hurried did not end; queue pair broken off"};

uint64_t bytes_of(const Operation& operation) {
  return operation.order.size_bytes > 0 ? operation.order.size_bytes : kSlotBytes;
}

}  // namespace

// ---- posting ------------------------------------------------------------------------------------

void Reader::post_read(const ReadOrder& order) {
  OBJ_CHECK(order.size_bytes > 0 && order.destination != nullptr);
  post(order.copy, {.kind = Operation::Kind::kRead, .order = order});
}

void Reader::post_check(const CheckOrder& order) {
  Operation operation{.kind = Operation::Kind::kCheck, .order = {}};
  operation.order.cookie = order.cookie;
  operation.order.copy = order.copy;
  post(order.copy, operation);
}

void Reader::post(const RemoteCopy& copy, const Operation& operation) {
  const OperationIndex index = operations_.add(operation);
  OBJ_CHECK(places_.emplace(operation.order.cookie, index).second);
  Link* const link = wanted_link(copy.node);
  if (link == nullptr) return end_early(index, kUnknownNode);
  operations_.at(index).link = link;
  link->operations++;
  if (link->has_lane_up()) return assign(*link, index);
  link->waiting.push_back(index);
  hasten(*link);
}

// REQUIRES: a lane is up.
void Reader::assign(Link& link, OperationIndex index) {
  std::array<LaneLoad, kLanesMax> loads;
  for (size_t i = 0; i < link.lanes.size(); i++) {
    const Lane& lane = *link.lanes[i];
    const Rail& rail = parts_.rails[lane.rail];
    loads[i] = {.is_up = lane.state.is_up(),
                .lane_bytes = lane.window ? lane.window->bytes() : 0,
                .rail_bytes = rail.bytes,
                .rail_bytes_per_s = rail.meter.bytes_per_s(now_ns_)};
  }
  Operation& operation = operations_.at(index);
  const auto size_bytes = static_cast<uint32_t>(bytes_of(operation));
  const auto best = choose_lane(std::span(loads).first(link.lanes.size()), size_bytes);
  OBJ_CHECK(best.has_value());
  Lane& lane = *link.lanes[*best];
  const bool is_read = operation.kind == Operation::Kind::kRead;
  const bool is_posted = is_read ? assign_read(link, lane, index) : assign_check(link, lane, index);
  if (!is_posted) return;
  operations_.at(index).lane = &lane;
  parts_.rails[lane.rail].on_post(size_bytes, now_ns_);
}

bool Reader::assign_read(Link&, Lane& lane, OperationIndex index) {
  const ReadOrder& order = operations_.at(index).order;
  const MemoryLayout& remote = lane.memory->arena;
  // A location is a claim: what is not in the memory that the owner told costs no queue pair.
  const bool is_inside = order.copy.offset <= remote.size_bytes &&
                         remote.holds(order.object_offset, order.size_bytes) &&
                         remote.holds(order.copy.offset, order.object_offset + order.size_bytes);
  if (!is_inside) {
    end_early(index, kOutside);
    return false;
  }
  const MemoryLayout& own = parts_.rails[lane.rail].adapter->memory().arena;
  const uint64_t from = reinterpret_cast<uintptr_t>(order.destination) - own.address;
  OBJ_CHECK(own.holds(from, order.size_bytes));
  const uint64_t start = order.copy.offset + order.object_offset;
  const uint32_t part_max = parts_.rails[lane.rail].adapter->facts().read_bytes_max;
  for (uint64_t done = 0; done < order.size_bytes;) {
    const Part part = next_part(from, own.piece_bytes, start, remote.piece_bytes, order.size_bytes,
                                done, part_max);
    done += part.size_bytes;
    const uint64_t at = start + part.done_bytes;
    add_work(lane, {.remote_address = remote.address + at,
                    .key = remote.key_at(at),
                    .size_bytes = part.size_bytes,
                    .local = order.destination + part.done_bytes,
                    .ends = done == order.size_bytes ? std::optional(index) : std::nullopt});
  }
  return true;
}

bool Reader::assign_check(Link& link, Lane& lane, OperationIndex index) {
  Operation& operation = operations_.at(index);
  if (operation.order.copy.slot >= link.table.slot_count) {
    end_early(index, kOutside);
    return false;
  }
  const auto cell = parts_.cells.take();
  if (!cell) {
    end_early(index, kTooManyChecks);
    return false;
  }
  operation.cell = *cell;
  const MemoryLayout& remote = lane.memory->table;
  // Aligned and smaller than a piece, so never cut.
  const uint64_t at = link.table.slots_offset + uint64_t{operation.order.copy.slot} * kSlotBytes;
  add_work(lane, {.remote_address = remote.address + at,
                  .key = remote.key_at(at),
                  .size_bytes = kSlotBytes,
                  .local = parts_.cells.address(*cell),
                  .ends = index});
  return true;
}

void Reader::add_work(Lane& lane, const ReadWindow::Work& work) {
  lane.window->add(work);
  mark_dirty(lane);
}

void Reader::mark_dirty(Lane& lane) {
  if (!lane.window->can_post() || std::exchange(lane.is_dirty, true)) return;
  dirty_.push_back(lane.serial);
}

uint32_t Reader::work() {
  const std::vector<uint32_t> dirty = std::exchange(dirty_, {});
  for (const uint32_t serial : dirty) {
    const auto found = lanes_by_serial_.find(serial);
    if (found != lanes_by_serial_.end()) flush(*found->second);
  }
  const std::vector<Early> early = std::exchange(early_, {});
  for (const auto& [operation, why] : early) complete(operation, std::unexpected(why));
  return static_cast<uint32_t>(dirty.size() + early.size());
}

void Reader::flush(Lane& lane) {
  lane.is_dirty = false;
  batch_.clear();
  lane.window->take_batch(batch_);
  if (batch_.empty()) return;
  const auto posted = lane.queue->post(batch_);
  if (!posted) break_lane(lane, posted.error());
}

// ---- completing ---------------------------------------------------------------------------------

void Reader::on_work_done(uint64_t tag, const Result<void>& result) {
  // Of a queue pair that is destroyed: what it wrote was accounted for then.
  const auto found = lanes_by_serial_.find(static_cast<uint32_t>(tag >> 32));
  if (found == lanes_by_serial_.end()) return;
  Lane& lane = *found->second;
  if (!result) {
    // The first error is of the work that caused it. What was posted with it, before and after, is
    // given back as broken off: it may have arrived, but nobody said so.
    const auto culprit = lane.window->operation_of(tag);
    return break_lane(lane, result.error(), culprit, result.error());
  }
  std::vector<OperationIndex> ended = std::exchange(ended_, {});
  ended.clear();
  lane.window->on_done(tag, ended);
  mark_dirty(lane);
  for (const OperationIndex index : ended) complete(index, {});
  ended_ = std::move(ended);
}

void Reader::complete(OperationIndex index, const Result<void>& result) {
  const Operation operation = operations_.remove(index);
  if (operation.kind == Operation::Kind::kProbe) {
    const std::span<const std::byte> cell = parts_.cells.line(operation.cell);
    std::array<std::byte, kSlotBytes> line;
    std::ranges::copy(cell, line.begin());
    parts_.cells.give_back(operation.cell);
    return on_probed(*operation.lane, result, line);
  }
  places_.erase(operation.order.cookie);
  if (operation.link != nullptr) operation.link->operations--;
  if (operation.lane != nullptr) {
    const bool is_good = result.has_value();
    parts_.rails[operation.lane->rail].on_complete(bytes_of(operation), is_good, now_ns_);
    if (is_good) operation.lane->state.on_progress();
  }
  const ReadCookie cookie = operation.order.cookie;
  if (operation.kind == Operation::Kind::kRead) {
    if (!result) return parts_.completions.on_read_done(cookie, std::unexpected(result.error()));
    // The bytes arrived; of which generation they are, only a later look at the slot tells.
    return parts_.completions.on_read_done(cookie, ReadProof::kNone);
  }
  Result<SlotSighting> seen = std::unexpected(Error{ErrorCode::kDisconnected});
  if (result) {
    seen = parts_.table.sighting(parts_.cells.line(operation.cell));
  } else {
    seen = std::unexpected(result.error());
  }
  if (operation.lane != nullptr) parts_.cells.give_back(operation.cell);
  parts_.completions.on_check_done(cookie, seen);
}

void Reader::drop_queue(Lane& lane, const Error& why, std::optional<OperationIndex> culprit,
                        const Error& culprit_error) {
  if (lane.queue == nullptr) return;
  lanes_by_serial_.erase(lane.serial);
  lane.queue.reset();  // from here on the device writes to none of its destinations
  lane.is_dirty = false;
  lane.memory.reset();
  std::vector<OperationIndex> ended;
  lane.window->take_all(ended);
  lane.window.reset();
  for (const OperationIndex index : ended) {
    const Operation& operation = operations_.at(index);
    if (operation.kind == Operation::Kind::kProbe) {
      parts_.cells.give_back(operation.cell);
      operations_.remove(index);
    } else {
      end_early(index, index == culprit
                           ? culprit_error
                           : Error{ErrorCode::kDisconnected, why.system_errno, why.where});
    }
  }
}

void Reader::break_lane(Lane& lane, const Error& why) { break_lane(lane, why, std::nullopt, why); }

// ---- hurry --------------------------------------------------------------------------------------

void Reader::hurry(ReadCookie cookie) {
  const auto found = places_.find(cookie);
  if (found == places_.end()) return;
  const OperationIndex index = found->second;
  Operation& operation = operations_.at(index);
  if (operation.link == nullptr || operation.hurry_ns != 0) return;  // its end is listed already
  operation.hurry_ns = now_ns_ + options_.hurry_ns;
  if (operation.lane == nullptr) {
    if (std::erase(operation.link->waiting, index) > 0) end_early(index, kHurried);
    return;
  }
  Lane& lane = *operation.lane;
  if (!lane.window) return;
  // Most reads end by themselves in a moment, and breaking the lane off would cost the others.
  if (lane.window->withdraw(index)) return end_early(index, kHurried);
  hurried_.push_back({cookie, operation.hurry_ns});
  touch();
}

void Reader::check_hurried() {
  // Completed meanwhile; the cookie may be in use again for another read.
  std::erase_if(hurried_, [&](const Hurried& one) {
    const auto found = places_.find(one.cookie);
    return found == places_.end() || operations_.at(found->second).hurry_ns != one.until_ns;
  });
  for (const Hurried& one : std::vector(hurried_)) {
    if (now_ns_ < one.until_ns) continue;
    const OperationIndex index = places_.at(one.cookie);
    Lane* const lane = operations_.at(index).lane;
    if (lane != nullptr && lane->queue != nullptr) {
      break_lane(*lane, kHurryBroke, index, kHurried);
    }
  }
  std::erase_if(hurried_, [&](const Hurried& one) { return now_ns_ >= one.until_ns; });
}

}  // namespace obj::verbs
