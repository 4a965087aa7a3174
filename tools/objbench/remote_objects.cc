// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/remote_objects.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/clock.hh"

namespace objbench {
namespace {

constexpr int kReportMs = 10'000;
constexpr uint32_t kPauseUs = 500;
constexpr std::byte kFiller{0x5a};

size_t mark_bytes_of(size_t size_bytes) { return std::min(size_bytes / 2, size_t{OBJ_ID_BYTES}); }

// By comparing the bytes with themselves, one further on: a gibibyte needs no second one.
bool is_all_filler(std::span<const std::byte> bytes) {
  if (bytes.empty()) return true;
  return bytes.front() == kFiller &&
         std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

// What is put under `id`: it at both ends, and filler between.
std::vector<std::byte> content_of(const obj_id& id, size_t size_bytes) {
  std::vector<std::byte> data(size_bytes, kFiller);
  const size_t mark_bytes = mark_bytes_of(size_bytes);
  std::memcpy(data.data(), id.bytes, mark_bytes);
  std::memcpy(data.data() + size_bytes - mark_bytes, id.bytes, mark_bytes);
  return data;
}

size_t copies_in(const nlohmann::json& report) {
  return report.value("copies", nlohmann::json::array()).size();
}

}  // namespace

Outcome<void> store_reported(const Client& client, std::span<const obj_id> ids, size_t size_bytes) {
  for (const obj_id& id : ids) OBJBENCH_DO(put(client, id, content_of(id, size_bytes)));
  // Reports keep their order, so the last object stands for all.
  return ids.empty() ? Outcome<void>{} : wait_for_copies(client, ids.back(), 1);
}

Outcome<void> wait_for_copies(const Client& client, const obj_id& id, size_t copies) {
  const uint64_t deadline_ns = obj::deadline_after_ms(obj::monotonic_ns(), kReportMs);
  size_t known = 0;
  while (obj::monotonic_ns() < deadline_ns) {
    OBJBENCH_TRY(const nlohmann::json report, client.locate(id));
    known = copies_in(report);
    if (known >= copies) return {};
    ::usleep(kPauseUs);
  }
  return std::unexpected(fmt::format("the directory knew of {} of {} copies after {} s", known,
                                     copies, kReportMs / 1000));
}

Outcome<void> is_whole(const obj_view& view, const obj_id& id, size_t size_bytes) {
  if (view.data_bytes != size_bytes) {
    return std::unexpected(
        fmt::format("an object of {} bytes came with {}", size_bytes, view.data_bytes));
  }
  const auto* const data = static_cast<const std::byte*>(view.data);
  const size_t mark_bytes = mark_bytes_of(size_bytes);
  const std::span<const std::byte> middle(data + mark_bytes, size_bytes - 2 * mark_bytes);
  const bool has_marks = std::memcmp(data, id.bytes, mark_bytes) == 0 &&
                         std::memcmp(data + size_bytes - mark_bytes, id.bytes, mark_bytes) == 0;
  if (has_marks && is_all_filler(middle)) return {};
  return std::unexpected("an object came with other bytes than were put");
}

Outcome<void> remove_all(const Client& client, std::span<const obj_id> ids) {
  for (const obj_id& id : ids) OBJBENCH_DO(remove(client, id));
  return {};
}

}  // namespace objbench
