// SPDX-License-Identifier: Apache-2.0
#include "spill/spill_reader.hh"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.hh"

namespace obj {
namespace {

constexpr uint32_t kReadDepth = 48;
// A gap between two wanted records that is cheaper to read than to ask for the second apart.
constexpr uint64_t kGapMax = uint64_t{16} << 10;
constexpr uint64_t kRunBytesMax = uint64_t{256} << 10;

// Tags are {piece, index of the read}; the piece of a head or a run is none.
constexpr uint64_t kNoPiece = UINT32_MAX;
constexpr uint64_t tag_of(uint64_t index, uint64_t piece) { return piece << 32 | index; }

ExpectedRecord expected_of(const RestoreOrder& order) {
  return {order.place.segment, order.place.offset, order.place.size, order.copy,
          order.destination.size()};
}

uint64_t first_block(const SpillPlace& place) { return place.offset / kSpillBlock * kSpillBlock; }
uint64_t end_block(const SpillPlace& place) {
  return round_up(place.offset + place.size, kSpillBlock);
}

// Whether a record of this payload can have that place at all: a place may come from another node.
bool is_possible(const RestoreOrder& order) {
  const SpillPlace& place = order.place;
  constexpr uint64_t kEndMax = kRecordAlign * UINT32_MAX;
  if (place.offset % kRecordAlign != 0 || place.size % kRecordAlign != 0) return false;
  if (place.offset > kEndMax || place.size > kEndMax - place.offset) return false;
  const RecordShape shape = shape_of(order.destination.size(), place.size);
  if (shape.layout == RecordLayout::kInPlace) return place.offset % kSpillBlock == 0;
  return place.size >= sizeof(RecordHeader) && place.size <= kFusedBytesMax;
}

}  // namespace

SpillReader::~SpillReader() { OBJ_CHECK(reads_.size() == free_.size()); }

void SpillReader::restore(std::span<const RestoreOrder> orders) {
  for (const RestoreOrder& order : orders) {
    const bool is_small = order.destination.size() < kInPlaceMin;
    OBJ_CHECK(is_small || reinterpret_cast<uintptr_t>(order.destination.data()) % kSpillBlock == 0);
    wait({order});
  }
}

void SpillReader::wait(const Job& job) {
  const SpillPlace& place = job.order.place;
  waiting_.emplace(Position{place.store, place.segment, place.offset}, job);
}

bool SpillReader::step() {
  for (const Ended& each : std::exchange(ended_, {})) tell(each.job, each.result);
  while (work_.reads_in_flight() < kReadDepth) {
    if (unposted_) {
      post_pieces(*unposted_);
    } else if (waiting_.empty() || !post_next()) {
      break;
    }
  }
  return !ended_.empty();
}

void SpillReader::cancel_waiting() {
  for (const auto& [position, job] : std::exchange(waiting_, {})) {
    ended_.push_back({job, std::unexpected(Error{ErrorCode::kCancelled, 0, "restore: closing"})});
  }
}

// False if there is no staging now.
bool SpillReader::post_next() {
  auto at = waiting_.lower_bound(next_);
  if (at == waiting_.end()) at = waiting_.begin();
  const RestoreOrder& order = at->second.order;
  const auto file = admit(order);
  if (!file) {
    ended_.push_back({at->second, std::unexpected(file.error())});
    waiting_.erase(at);
    return true;
  }
  const RecordShape shape = shape_of(order.destination.size(), order.place.size);
  return shape.layout == RecordLayout::kPacked ? start_packed(at, *file)
                                               : start_in_place(at, *file);
}

// kNotFound, or what opening the file says.
Result<DiskFile> SpillReader::admit(const RestoreOrder& order) {
  const SpillPlace& place = order.place;
  if (place.store >= directories_.size() || directories_[place.store] == nullptr ||
      !is_possible(order)) {
    return std::unexpected(Error{ErrorCode::kNotFound, 0, "restore: no such place"});
  }
  SpillDirectory& directory = *directories_[place.store];
  if (directory.is_own(place.segment)) {
    const IndexEntry* const entry = directory.find(place.segment, place.offset);
    if (entry == nullptr || entry->what() != order.copy || entry->size_bytes() != place.size ||
        entry->payload_bytes != order.destination.size()) {
      return std::unexpected(Error{ErrorCode::kNotFound, 0, "restore: no such record"});
    }
  }
  return directory.file_for_read(place.segment);
}

// Keeps the room of the record as it is; the order is the read's from now on.
void SpillReader::take(Waiting::iterator at, Read& read) {
  const SpillPlace& place = at->second.order.place;
  SpillDirectory& directory = *directories_[place.store];
  if (directory.is_own(place.segment)) directory.pin(place.segment, place.offset, place.size);
  next_ = at->first;
  read.jobs.push_back(at->second);
  waiting_.erase(at);
}

bool SpillReader::start_packed(Waiting::iterator first, DiskFile file) {
  const SpillPlace place = first->second.order.place;
  const uint64_t begin = first_block(place);
  uint64_t end = end_block(place);
  std::vector<Waiting::iterator> run{first};
  for (auto at = std::next(first); at != waiting_.end() && !first->second.is_alone; ++at) {
    const RestoreOrder& order = at->second.order;
    if (order.place.store != place.store || order.place.segment != place.segment) break;
    if (at->second.is_alone || !admit(order)) break;
    const RecordShape shape = shape_of(order.destination.size(), order.place.size);
    if (shape.layout != RecordLayout::kPacked) break;
    if (first_block(order.place) > end + kGapMax) break;
    if (end_block(order.place) - begin > kRunBytesMax) break;
    end = std::max(end, end_block(order.place));
    run.push_back(at);
  }
  const auto staged = staging_.take(end - begin);
  if (staged.empty()) return false;
  auto read = std::make_unique<Read>();
  read->store = place.store;
  read->file = file;
  read->begin = begin;
  read->staged = staged;
  read->is_posted = true;
  for (const auto at : run) take(at, *read);
  const uint64_t index = add(std::move(read));
  post_read(tag_of(index, kNoPiece), *reads_[index], begin, staged);
  return true;
}

bool SpillReader::start_in_place(Waiting::iterator at, DiskFile file) {
  const RestoreOrder& order = at->second.order;
  const RecordShape shape = shape_of(order.destination.size(), order.place.size);
  const auto staged = staging_.take(shape.head_bytes);
  if (staged.empty()) return false;
  auto read = std::make_unique<Read>();
  read->store = order.place.store;
  read->file = file;
  read->begin = order.place.offset;
  read->staged = staged;
  read->is_in_place = true;
  read->shape = shape;
  read->sums = PieceSums((shape.body_bytes + kPieceBytes - 1) / kPieceBytes + 1);
  take(at, *read);
  const uint64_t index = add(std::move(read));
  post_read(tag_of(index, kNoPiece), *reads_[index], reads_[index]->begin, staged);
  unposted_ = index;
  post_pieces(index);
  return true;
}

void SpillReader::post_pieces(uint64_t index) {
  Read& read = *reads_[index];
  const uint64_t body_bytes = read.shape.body_bytes;
  const auto body = read.jobs[0].order.destination.first(body_bytes);
  while (!read.error && read.next_piece * kPieceBytes < body_bytes) {
    if (work_.reads_in_flight() >= kReadDepth) return;
    const uint64_t at = read.next_piece * kPieceBytes;
    post_read(tag_of(index, read.next_piece++), read, read.begin + read.shape.head_bytes + at,
              body.subspan(at, std::min(kPieceBytes, body_bytes - at)));
  }
  unposted_.reset();
  read.is_posted = true;
  if (read.pending == 0) end(index);
}

void SpillReader::post_read(uint64_t tag, const Read& read, uint64_t offset,
                            std::span<std::byte> memory) {
  DiskOrder order{.kind = DiskOrder::Kind::kRead, .file = read.file};
  order.offset = offset;
  order.size_bytes = memory.size();
  order.memory = memory.data();
  reads_[static_cast<uint32_t>(tag)]->pending++;
  work_.post(order, *this, tag);
}

uint64_t SpillReader::add(std::unique_ptr<Read> read) {
  if (free_.empty()) {
    reads_.push_back(std::move(read));
    return reads_.size() - 1;
  }
  const uint64_t index = free_.back();
  free_.pop_back();
  reads_[index] = std::move(read);
  return index;
}

void SpillReader::on_work_done(uint64_t tag, const Result<void>& result) {
  const uint64_t index = static_cast<uint32_t>(tag);
  const uint64_t piece = tag >> 32;
  Read& read = *reads_[index];
  read.pending--;
  if (!result && !read.error) read.error = result.error();
  if (piece != kNoPiece && !read.error) {
    const uint64_t at = piece * kPieceBytes;
    const uint64_t bytes = std::min(kPieceBytes, read.shape.body_bytes - at);
    read.sums.set(piece, spill_checksum(read.jobs[0].order.destination.subspan(at, bytes)));
  }
  if (read.pending == 0 && read.is_posted) end(index);
}

void SpillReader::end(uint64_t index) {
  const std::unique_ptr<Read> read = std::move(reads_[index]);
  free_.push_back(index);
  for (const Job& job : read->jobs) {
    const SpillPlace& place = job.order.place;
    SpillDirectory& directory = *directories_[place.store];
    if (directory.is_own(place.segment)) directory.unpin(place.segment, place.offset, place.size);
  }
  if (read->is_in_place) {
    ended_.push_back({read->jobs[0], finish_in_place(*read)});
  } else {
    end_packed(*read);
  }
  staging_.give_back(read->staged);
  for (const Ended& each : std::exchange(ended_, {})) tell(each.job, each.result);
}

void SpillReader::end_packed(Read& read) {
  // One bad block, or the end of the file, must not cost its neighbours.
  const bool tries_again = read.error && read.jobs.size() > 1;
  for (Job& job : read.jobs) {
    if (tries_again) {
      job.is_alone = true;
      wait(job);
    } else if (read.error) {
      ended_.push_back({job, std::unexpected(*read.error)});
    } else {
      ended_.push_back({job, unpack(read, job.order)});
    }
  }
}

Result<void> SpillReader::unpack(const Read& read, const RestoreOrder& order) {
  const auto bytes = read.staged.subspan(order.place.offset - read.begin, order.place.size);
  OBJ_TRY(const PackedRecord record, check_packed(bytes, expected_of(order)));
  return compression_.decompress(record.header.codec, record.stored, order.destination);
}

Result<void> SpillReader::finish_in_place(Read& read) const {
  if (read.error) return std::unexpected(*read.error);
  const RestoreOrder& order = read.jobs[0].order;
  OBJ_TRY(const RecordHeader header, check_header(read.staged, expected_of(order)));
  const auto tail = read.staged.subspan(sizeof header, read.shape.tail_bytes);
  read.sums.set(read.next_piece, spill_checksum(tail));
  if (read.sums.total() != header.payload_checksum) return std::unexpected(damaged_payload());
  std::memcpy(order.destination.data() + read.shape.body_bytes, tail.data(), tail.size());
  return {};
}

void SpillReader::tell(const Job& job, const Result<void>& result) {
  const RestoreOrder& order = job.order;
  const uint16_t store = order.place.store;
  if (store < directories_.size() && directories_[store] != nullptr) {
    directories_[store]->on_restored(result, order.place.size);
  }
  const auto second = result || job.is_second ? std::nullopt : twins_.find(order.place);
  if (second && result.error().code != ErrorCode::kCancelled) {
    Job again{job};
    again.order.place = *second;
    again.is_second = true;
    return wait(again);
  }
  completions_->on_restored(order.cookie, result);
}

}  // namespace obj
