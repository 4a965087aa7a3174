// SPDX-License-Identifier: Apache-2.0
#include "spill/disk_work.hh"

#include <cerrno>
#include <utility>

#include "base/check.hh"
#include "spill/segment_format.hh"

namespace obj {
namespace {

constexpr uint32_t kTriesMax = 16;

bool is_worth_another_try(const Error& error) {
  return error.system_errno == EAGAIN || error.system_errno == EINTR;
}

// A read that ends within a block, again and again, has come to the end of the file.
Error always_short(DiskOrder::Kind kind) {
  if (kind == DiskOrder::Kind::kRead) return {ErrorCode::kInvalid, 0, "read: the file ends"};
  return {ErrorCode::kSystem, EIO, "write to a segment: always short"};
}

}  // namespace

void DiskWork::post(DiskOrder order, DiskTask& task, uint64_t tag) {
  const uint32_t index = free_slot();
  Slot& slot = slots_[index];
  slot.order = order;
  slot.tag = tag;
  slot.task = &task;
  slot.tries_without_progress = 0;
  count(order.kind, 1);
  post_rest(index);
}

void DiskWork::submit() {
  if (std::exchange(has_posted_, false)) io_.submit();
}

void DiskWork::on_disk_done(uint64_t cookie, const Result<uint64_t>& bytes) {
  const auto index = static_cast<uint32_t>(cookie);
  OBJ_CHECK(index < slots_.size());
  Slot& slot = slots_[index];
  OBJ_CHECK(slot.generation == cookie >> 32 && slot.task != nullptr);
  if (!bytes) {
    if (is_worth_another_try(bytes.error()) && slot.tries_without_progress++ < kTriesMax) {
      return post_rest(index);
    }
    return end(index, std::unexpected(bytes.error()));
  }
  const bool moves_bytes =
      slot.order.kind == DiskOrder::Kind::kRead || slot.order.kind == DiskOrder::Kind::kWrite;
  if (!moves_bytes || *bytes >= slot.order.size_bytes) return end(index, {});

  if (*bytes == 0 && slot.order.kind == DiskOrder::Kind::kRead) {
    return end(index, std::unexpected(Error{ErrorCode::kInvalid, 0, "read: the file ends"}));
  }
  // Direct I/O goes on at a block: what was done of the last one is done again.
  const uint64_t done = *bytes / kSpillBlock * kSpillBlock;
  slot.tries_without_progress = done > 0 ? 0 : slot.tries_without_progress + 1;
  if (slot.tries_without_progress > kTriesMax) {
    return end(index, std::unexpected(always_short(slot.order.kind)));
  }
  slot.order.offset += done;
  slot.order.memory += done;
  slot.order.size_bytes -= done;
  post_rest(index);
}

uint32_t DiskWork::free_slot() {
  if (free_slots_.empty()) {
    slots_.emplace_back();
    return static_cast<uint32_t>(slots_.size() - 1);
  }
  const uint32_t index = free_slots_.back();
  free_slots_.pop_back();
  return index;
}

void DiskWork::count(DiskOrder::Kind kind, uint32_t by) {
  in_flight_ += by;
  if (kind == DiskOrder::Kind::kRead) reads_in_flight_ += by;
  if (kind == DiskOrder::Kind::kWrite) writes_in_flight_ += by;
}

void DiskWork::post_rest(uint32_t index) {
  Slot& slot = slots_[index];
  slot.order.cookie = uint64_t{slot.generation} << 32 | index;
  has_posted_ = true;
  io_.post(slot.order);
}

void DiskWork::end(uint32_t index, const Result<void>& result) {
  Slot& slot = slots_[index];
  DiskTask* const task = std::exchange(slot.task, nullptr);
  const uint64_t tag = slot.tag;
  slot.generation++;
  free_slots_.push_back(index);
  count(slot.order.kind, UINT32_MAX);  // one less
  task->on_work_done(tag, result);
}

}  // namespace obj
