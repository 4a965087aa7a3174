// SPDX-License-Identifier: Apache-2.0
#include "fabric/pull/chunk_map.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj {

namespace {

uint32_t chunk_count(uint64_t total_bytes, uint32_t chunk_bytes) {
  OBJ_CHECK(chunk_bytes > 0);
  const uint64_t count = total_bytes / chunk_bytes + (total_bytes % chunk_bytes != 0 ? 1 : 0);
  OBJ_CHECK(count < uint64_t{1} << 31);
  return static_cast<uint32_t>(count);
}

}  // namespace

ChunkMap::ChunkMap(uint64_t total_bytes, uint32_t chunk_bytes)
    : total_bytes_(total_bytes),
      chunk_bytes_(chunk_bytes),
      chunks_(chunk_count(total_bytes, chunk_bytes)),
      missing_(count()),
      missing_bytes_(total_bytes) {}

uint32_t ChunkMap::size_bytes(uint32_t chunk) const {
  return static_cast<uint32_t>(std::min<uint64_t>(chunk_bytes_, total_bytes_ - offset(chunk)));
}

std::optional<uint32_t> ChunkMap::first_missing() {
  if (missing_ == 0) return std::nullopt;
  while (chunks_[missing_hint_].state != State::kMissing) missing_hint_++;
  return missing_hint_;
}

void ChunkMap::start(uint32_t chunk, uint16_t source) {
  Chunk& started = chunks_[chunk];
  OBJ_CHECK(started.state == State::kMissing);
  started.state = State::kInFlight;
  started.source = source;
  missing_--;
  missing_bytes_ -= size_bytes(chunk);
  in_flight_++;
  in_flight_bytes_ += size_bytes(chunk);
}

void ChunkMap::complete(uint32_t chunk, List& unverified) {
  Chunk& completed = chunks_[chunk];
  OBJ_CHECK(completed.state == State::kInFlight);
  completed.state = State::kDone;
  completed.next = unverified.head;
  unverified.head = chunk;
  unverified.count++;
  in_flight_--;
  in_flight_bytes_ -= size_bytes(chunk);
}

void ChunkMap::lose(uint32_t chunk) {
  OBJ_CHECK(chunks_[chunk].state == State::kInFlight);
  in_flight_--;
  in_flight_bytes_ -= size_bytes(chunk);
  make_missing(chunk);
}

void ChunkMap::verify(List& list) {
  for (uint32_t chunk = list.head; chunk != kNone; chunk = chunks_[chunk].next) {
    OBJ_CHECK(chunks_[chunk].state == State::kDone);
    chunks_[chunk].state = State::kVerified;
    verified_++;
    verified_bytes_ += size_bytes(chunk);
  }
  list = {};
}

void ChunkMap::lose(List& list) {
  for (uint32_t chunk = list.head; chunk != kNone; chunk = chunks_[chunk].next) {
    OBJ_CHECK(chunks_[chunk].state == State::kDone);
    make_missing(chunk);
  }
  list = {};
}

void ChunkMap::move(List& from, List& to) {
  while (from.head != kNone) {
    Chunk& moved = chunks_[from.head];
    const uint32_t chunk = from.head;
    from.head = moved.next;
    moved.next = to.head;
    to.head = chunk;
    to.count++;
  }
  from = {};
}

void ChunkMap::make_missing(uint32_t chunk) {
  chunks_[chunk].state = State::kMissing;
  missing_++;
  missing_bytes_ += size_bytes(chunk);
  missing_hint_ = std::min(missing_hint_, chunk);
}

uint64_t ChunkMap::ready_bytes() {
  while (verified_end_ < count() && chunks_[verified_end_].state == State::kVerified) {
    verified_end_++;
  }
  return verified_end_ == count() ? total_bytes_ : offset(verified_end_);
}

}  // namespace obj
