// SPDX-License-Identifier: Apache-2.0
#include "spill/spill_writer.hh"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.hh"
#include "base/log.hh"

namespace obj {
namespace {

constexpr uint32_t kWriteDepth = 24;
// Summing a piece takes about 65 us; others of the thread have a turn after so many.
constexpr uint32_t kPiecesATurn = 8;
// A run of free blocks shorter than this is left to those who need no more.
constexpr uint64_t kCompressedLeast = 256;
constexpr uint64_t kPackedLeast = uint64_t{128} << 10;

// The hardware's own prefetching ends with a page, and objects of a page or less lie anywhere.
void prefetch(std::span<const std::byte> payload) {
  constexpr size_t kLine = 64;
  constexpr size_t kMost = 4096;
  const size_t bytes = std::min(payload.size(), kMost);
  for (size_t at = 0; at < bytes; at += kLine) __builtin_prefetch(payload.data() + at);
}

RecordHeader header_of(const IndexEntry& entry, uint64_t segment, uint64_t stored_bytes) {
  RecordHeader header{};
  std::ranges::copy(RecordHeader::kMagic, header.magic);
  header.version = RecordHeader::kVersion;
  header.codec = entry.codec;
  header.layout = entry.layout;
  header.copy = static_cast<uint8_t>(entry.copy);
  header.sequence = entry.sequence;
  header.id = entry.id;
  header.origin = entry.origin;
  header.metadata_bytes = entry.metadata_bytes;
  header.data_bytes = entry.data_bytes;
  header.payload_bytes = entry.payload_bytes;
  header.stored_bytes = stored_bytes;
  header.segment = segment;
  header.offset = entry.offset();
  return header;
}

}  // namespace

SpillWriter::~SpillWriter() { OBJ_CHECK(groups_in_flight_ == 0); }

void SpillWriter::write(std::span<const WriteOrder> orders) {
  for (const WriteOrder& order : orders) {
    const bool is_small = order.payload.size() < kInPlaceMin || is_worth_compressing(order.payload);
    OBJ_CHECK(order.payload.size() < kInPlaceMin ||
              reinterpret_cast<uintptr_t>(order.payload.data()) % kSpillBlock == 0);
    if (options_.copies > 1) pairs_.emplace(order.cookie, Pair{});
    (is_small ? small_ : large_).push_back({order});
  }
}

bool SpillWriter::step() {
  for (const Failure& each : std::exchange(failed_, {})) {
    complete(each.cookie, each.copy, std::unexpected(each.error));
  }
  bool has_more = post_pieces();
  // In turns, so that neither starves the other.
  bool goes_on = true;
  while (goes_on && work_.writes_in_flight() < kWriteDepth) {
    goes_on = start_packed();
    // Compressing a run takes milliseconds: one a turn.
    has_more |= goes_on && options_.codec != SpillCodec::kNone;
    if (unposted_.empty()) goes_on |= start_in_place();
    has_more |= post_pieces();
    goes_on &= !has_more;
    work_.submit();  // the disk begins while the next are summed
  }
  return has_more || !failed_.empty();
}

void SpillWriter::cancel_waiting() {
  for (std::deque<Item>* const queue : {&small_, &large_}) {
    for (const Item& item : std::exchange(*queue, {})) {
      failed_.push_back(
          {item.order.cookie, item.copy, {ErrorCode::kCancelled, 0, "spill: closing"}});
    }
  }
}

// ---- packed

bool SpillWriter::is_worth_compressing(std::span<const std::byte> payload) const {
  return options_.codec != SpillCodec::kNone && payload.size() >= kCompressedLeast &&
         packed_bytes(payload.size()) <= kFusedBytesMax;
}

bool SpillWriter::start_packed() {
  if (small_.empty()) return false;
  uint64_t total = 0;
  uint32_t records = 0;
  const Item front = small_.front();
  for (const Item& each : small_) {
    if (each.avoid != front.avoid) break;
    const uint64_t bytes = packed_bytes(each.order.payload.size());
    if (records == options_.fused_objects_max || total + bytes > kFusedBytesMax) break;
    total += bytes;
    records++;
  }
  const uint64_t first = round_up(packed_bytes(front.order.payload.size()), kSpillBlock);
  const uint64_t most = round_up(total, kSpillBlock);
  const auto staged = staging_.take(most);
  if (staged.empty()) return false;
  auto choice = choose(front, RecordLayout::kPacked, std::min(most, kPackedLeast), most, records);
  if (!choice) {
    records = 1;
    choice = choose(front, RecordLayout::kPacked, first, first, records);
  }
  if (!choice) {
    staging_.give_back(staged);
    const auto why = hopeless(front, RecordLayout::kPacked, first);
    if (!why) return false;
    failed_.push_back({front.order.cookie, front.copy, *why});
    small_.pop_front();
    return true;
  }
  auto group = std::make_unique<Group>();
  group->store = choice->store;
  group->commit.extent = choice->extent;
  group->staged = staged;
  const uint64_t used = pack(*group, records);
  const auto packed = static_cast<uint32_t>(group->commit.records.size());
  directories_[choice->store]->return_slots(choice->extent, records - packed);
  if (packed == 0) {
    staging_.give_back(staged);
    groups_in_flight_--;
    directories_[choice->store]->release(choice->extent);
    return true;
  }
  group->is_posted = true;
  const uint64_t index = add(std::move(group));
  post_write(index, *groups_[index], choice->extent.run.offset, staged.data(), used);
  return true;
}

// Puts the first waiting records into the staging, `records` or what fits. Returns the bytes.
uint64_t SpillWriter::pack(Group& group, uint32_t records) {
  uint64_t used = 0;
  for (uint32_t taken = 0; taken < records; taken++) {
    const Item item = small_.front();
    if (small_.size() > 1) prefetch(small_[1].order.payload);
    const auto bytes = pack_one(group, item, used);
    if (!bytes) break;
    used += *bytes;
    // It did not get smaller, and is too large to be packed as it is.
    small_.pop_front();
    if (*bytes == 0) {
      large_.push_back(item);
    } else {
      want_copy(item, group.store);
    }
  }
  const uint64_t whole = round_up(used, kSpillBlock);
  std::memset(group.staged.data() + used, 0, whole - used);
  return whole;
}

// The size of the record; 0 if it belongs in place. Nothing: no room is left in the run.
std::optional<uint64_t> SpillWriter::pack_one(Group& group, const Item& item, uint64_t used) {
  const WriteOrder& order = item.order;
  const SegmentRoom::Run& run = group.commit.extent.run;
  const uint64_t payload_bytes = order.payload.size();
  const uint64_t left = std::min(run.size_bytes, group.staged.size()) - used;
  if (left <= sizeof(RecordHeader)) return std::nullopt;
  std::byte* const at = group.staged.data() + used;
  const auto room = std::span(at, left).subspan(sizeof(RecordHeader));
  // Only if it saves an eighth, rounded down so that the record is smaller than the raw one.
  const uint64_t most = payload_bytes - payload_bytes / 8 - kRecordAlign;
  uint64_t stored_bytes = 0;
  SpillCodec codec = SpillCodec::kNone;
  if (is_worth_compressing(order.payload)) {
    stored_bytes = compression_.compress(options_.codec, order.payload,
                                         room.first(std::min<uint64_t>(most, room.size())));
    if (stored_bytes > 0) codec = options_.codec;
  }
  if (stored_bytes == 0) {
    if (payload_bytes >= kInPlaceMin)
      return most <= room.size() ? std::optional(0UL) : std::nullopt;
    if (packed_bytes(payload_bytes) > left) return std::nullopt;
    stored_bytes = payload_bytes;
  }
  if (packed_bytes(stored_bytes) > left) return std::nullopt;

  const RecordShape shape{RecordLayout::kPacked, packed_bytes(stored_bytes), stored_bytes, 0};
  CommitRecord record = record_of(item, shape, *directories_[group.store], run.offset + used);
  record.entry.codec = codec;
  RecordHeader header = header_of(record.entry, group.commit.extent.segment, stored_bytes);
  if (codec == SpillCodec::kNone) {
    // Summed where it lies: then the copy finds it in the cache.
    header.payload_checksum = single_piece_total(order.payload);
    std::memcpy(room.data(), order.payload.data(), payload_bytes);
  } else {
    header.payload_checksum = single_piece_total(room.first(stored_bytes));
  }
  seal(header);
  std::memcpy(at, &header, sizeof header);
  const uint64_t filled = sizeof header + stored_bytes;
  std::memset(at + filled, 0, shape.head_bytes - filled);
  group.commit.records.push_back(record);
  return shape.head_bytes;
}

CommitRecord SpillWriter::record_of(const Item& item, const RecordShape& shape, SpillDirectory& to,
                                    uint64_t offset) const {
  const WriteOrder& order = item.order;
  CommitRecord record;
  record.entry.copy = item.copy;
  record.cookie = order.cookie;
  record.entry.layout = shape.layout;
  record.entry.sequence = to.open_sequence();
  record.entry.id = order.copy.id;
  record.entry.origin = order.copy.origin;
  record.entry.metadata_bytes = order.copy.metadata_bytes;
  record.entry.data_bytes = order.copy.data_bytes;
  record.entry.payload_bytes = order.payload.size();
  record.entry.offset_units = static_cast<uint32_t>(offset / kRecordAlign);
  record.entry.size_units = static_cast<uint32_t>(shape.size_bytes() / kRecordAlign);
  return record;
}

// ---- in place

bool SpillWriter::start_in_place() {
  if (large_.empty()) return false;
  const Item item = large_.front();
  const WriteOrder& order = item.order;
  const RecordShape shape = raw_shape(order.payload.size());
  const auto staged = staging_.take(shape.head_bytes);
  if (staged.empty()) return false;
  const auto choice =
      choose(item, RecordLayout::kInPlace, shape.size_bytes(), shape.size_bytes(), 1);
  if (!choice) {
    staging_.give_back(staged);
    const auto why = hopeless(item, RecordLayout::kInPlace, shape.size_bytes());
    if (!why) return false;
    failed_.push_back({order.cookie, item.copy, *why});
    large_.pop_front();
    return true;
  }
  large_.pop_front();
  want_copy(item, choice->store);
  auto group = std::make_unique<Group>();
  group->store = choice->store;
  group->commit.extent = choice->extent;
  group->commit.records.push_back(
      record_of(item, shape, *directories_[choice->store], choice->extent.run.offset));
  group->staged = staged;
  group->payload = order.payload;
  group->shape = shape;
  group->sums = PieceSums((shape.body_bytes + kPieceBytes - 1) / kPieceBytes + 1);
  unposted_.push_back(add(std::move(group)));
  return true;
}

// True if a turn's worth was done and there is more.
bool SpillWriter::post_pieces() {
  uint32_t pieces = 0;
  while (!unposted_.empty() && work_.writes_in_flight() < kWriteDepth) {
    if (pieces++ == kPiecesATurn) return true;
    const uint64_t index = unposted_.front();
    Group& group = *groups_[index];
    if (!group.error && group.next_piece * kPieceBytes < group.shape.body_bytes) {
      post_next_piece(index, group);
      if (group.next_piece * kPieceBytes < group.shape.body_bytes) continue;
    }
    unposted_.pop_front();
    group.is_posted = true;
    if (!group.error) {
      post_head(index, group);
    } else if (group.pending == 0) {
      end(index);
    }
  }
  return false;
}

void SpillWriter::post_next_piece(uint64_t index, Group& group) {
  const uint64_t at = group.next_piece * kPieceBytes;
  const auto piece = group.payload.subspan(at, std::min(kPieceBytes, group.shape.body_bytes - at));
  group.sums.set(group.next_piece++, spill_checksum(piece));
  post_write(index, group, group.commit.extent.run.offset + group.shape.head_bytes + at,
             piece.data(), piece.size());
}

void SpillWriter::post_head(uint64_t index, Group& group) {
  const auto tail = group.payload.subspan(group.shape.body_bytes);
  group.sums.set(group.next_piece, spill_checksum(tail));
  RecordHeader header =
      header_of(group.commit.records[0].entry, group.commit.extent.segment, group.payload.size());
  header.payload_checksum = group.sums.total();
  seal(header);
  std::memset(group.staged.data(), 0, group.staged.size());
  std::memcpy(group.staged.data(), &header, sizeof header);
  std::memcpy(group.staged.data() + sizeof header, tail.data(), tail.size());
  post_write(index, group, group.commit.extent.run.offset, group.staged.data(),
             group.staged.size());
}

// ---- both

// The second copy waits its turn behind what is there already.
void SpillWriter::want_copy(const Item& item, uint16_t store) {
  if (options_.copies < 2 || item.copy > 0) return;
  pairs_.at(item.order.cookie).pending++;
  const bool is_small =
      item.order.payload.size() < kInPlaceMin || is_worth_compressing(item.order.payload);
  (is_small ? small_ : large_).push_back({item.order, 1, store});
}

void SpillWriter::complete(SpillCookie cookie, uint8_t copy, const Result<SpillPlace>& place) {
  if (options_.copies < 2) return completions_->on_written(cookie, place);
  Pair& pair = pairs_.at(cookie);
  if (place) pair.places[copy] = *place;
  if (!place && copy > 0 && !std::exchange(said_single_, true)) {
    log::warn("spill_single_copy",
              {{"cause", place.error()}, {"then", "objects are spilled with one copy"}});
  }
  if (--pair.pending > 0) return;
  const Pair both = pair;
  pairs_.erase(cookie);
  if (both.places[0] && both.places[1]) twins_.add(*both.places[0], *both.places[1]);
  if (both.places[0]) return completions_->on_written(cookie, *both.places[0]);
  if (both.places[1]) return completions_->on_written(cookie, *both.places[1]);
  completions_->on_written(cookie, place);
}

std::optional<SpillWriter::Choice> SpillWriter::choose(const Item& item, RecordLayout layout,
                                                       uint64_t least_bytes, uint64_t most_bytes,
                                                       uint32_t records) {
  std::vector<uint16_t> order;
  for (size_t i = 0; i < directories_.size(); i++) {
    const size_t store = (next_store_ + i) % directories_.size();
    if (directories_[store] == nullptr || store == item.avoid) continue;
    order.push_back(static_cast<uint16_t>(store));
  }
  std::ranges::stable_sort(order, {},
                           [&](uint16_t store) { return directories_[store]->bytes_in_flight(); });
  for (const uint16_t store : order) {
    const auto extent = directories_[store]->reserve(layout, least_bytes, most_bytes, records);
    if (!extent) continue;
    next_store_ = size_t{store} + 1;
    groups_in_flight_++;
    return Choice{store, *extent};
  }
  return std::nullopt;
}

std::optional<Error> SpillWriter::hopeless(const Item& item, RecordLayout layout, uint64_t bytes) {
  Error why{ErrorCode::kSystem, 0, "spill: no directory"};
  bool has_hope = false;
  for (size_t store = 0; store < directories_.size(); store++) {
    const auto& directory = directories_[store];
    if (directory == nullptr || store == item.avoid) continue;
    if (directory->want_room(layout, bytes) == SpillDirectory::Hope::kSoon) {
      has_hope = true;
    } else if (directory->is_working()) {
      why = Error{ErrorCode::kLimit, ENOSPC, "spill: the directories are full"};
    } else if (why.code != ErrorCode::kLimit) {
      why = *directory->failure();
    }
  }
  return has_hope ? std::nullopt : std::optional(why);
}

void SpillWriter::post_write(uint64_t index, Group& group, uint64_t offset, const std::byte* memory,
                             uint64_t size_bytes) {
  DiskOrder order{.kind = DiskOrder::Kind::kWrite};
  order.file = directories_[group.store]->file_of(group.commit.extent.segment);
  order.offset = offset;
  order.size_bytes = size_bytes;
  order.memory = const_cast<std::byte*>(memory);  // a write only reads it
  group.pending++;
  work_.post(order, *this, index);
}

uint64_t SpillWriter::add(std::unique_ptr<Group> group) {
  if (free_groups_.empty()) {
    groups_.push_back(std::move(group));
    return groups_.size() - 1;
  }
  const uint64_t index = free_groups_.back();
  free_groups_.pop_back();
  groups_[index] = std::move(group);
  return index;
}

void SpillWriter::on_work_done(uint64_t tag, const Result<void>& result) {
  Group& group = *groups_[tag];
  group.pending--;
  if (!result && !group.error) group.error = result.error();
  if (group.pending == 0 && group.is_posted) end(tag);
}

void SpillWriter::end(uint64_t index) {
  const std::unique_ptr<Group> group = std::move(groups_[index]);
  free_groups_.push_back(index);
  staging_.give_back(group->staged);
  SpillDirectory& to = *directories_[group->store];
  if (!group->error) return to.written(std::move(group->commit));
  to.abandon(group->commit, *group->error);
}

void SpillWriter::on_committed(uint16_t store, const CommitGroup& group,
                               const Result<void>& result) {
  groups_in_flight_--;
  for (const CommitRecord& each : group.records) {
    const auto copy = static_cast<uint8_t>(each.entry.copy);
    if (!result) {
      failed_.push_back({each.cookie, copy, result.error()});
    } else {
      complete(
          each.cookie, copy,
          SpillPlace{store, group.extent.segment, each.entry.offset(), each.entry.size_bytes()});
    }
  }
}

}  // namespace obj
