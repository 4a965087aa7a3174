// SPDX-License-Identifier: Apache-2.0
// fabric/pull/chunk_map.hh -- which parts of one object are here, and how far they can be trusted.
//
//             start                complete            verify
//   Missing ---------> InFlight ------------> Done ------------> Verified
//      ^                  |                    |
//      +------ lose ------+------- lose -------+
//
// Done means that the bytes arrived; Verified that a later look at their source showed the same
// generation, so they are the object's. A Verified chunk stays so: its bytes may be shown to
// others.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace obj {

// Limits: 2^31 - 1 chunks.
class ChunkMap {
 public:
  enum class State : uint8_t { kMissing, kInFlight, kDone, kVerified };
  static constexpr uint32_t kNone = UINT32_MAX;

  // Done chunks of one source that wait for the same check. Linked through the map.
  struct List {
    uint32_t head = kNone;
    uint32_t count = 0;
  };

  // All missing. REQUIRES: chunk_bytes > 0; ceil(total_bytes / chunk_bytes) < 2^31.
  ChunkMap(uint64_t total_bytes, uint32_t chunk_bytes);

  uint32_t count() const { return static_cast<uint32_t>(chunks_.size()); }
  uint64_t offset(uint32_t chunk) const { return uint64_t{chunk} * chunk_bytes_; }
  uint32_t size_bytes(uint32_t chunk) const;
  uint64_t end(uint32_t chunk) const { return offset(chunk) + size_bytes(chunk); }
  State state(uint32_t chunk) const { return chunks_[chunk].state; }
  // Of whom it was asked. REQUIRES: InFlight or Done.
  uint16_t source(uint32_t chunk) const { return chunks_[chunk].source; }

  // The lowest one, so that a copy grows from its start and can soon be read by others.
  std::optional<uint32_t> first_missing();

  void start(uint32_t chunk, uint16_t source);
  void complete(uint32_t chunk, List& unverified);
  void lose(uint32_t chunk);  // REQUIRES: InFlight
  // The whole list, which is empty afterwards.
  void verify(List& list);
  void lose(List& list);
  // Afterwards `from` is empty.
  void move(List& from, List& to);

  uint32_t missing() const { return missing_; }
  uint32_t in_flight() const { return in_flight_; }
  uint64_t in_flight_bytes() const { return in_flight_bytes_; }
  uint64_t missing_bytes() const { return missing_bytes_; }
  uint64_t verified_bytes() const { return verified_bytes_; }
  bool all_verified() const { return verified_ == count(); }
  // How much of the object, from its start, is verified.
  uint64_t ready_bytes();

 private:
  struct Chunk {
    State state = State::kMissing;
    uint16_t source = 0;    // valid from InFlight on
    uint32_t next = kNone;  // in the list of a Done chunk
  };

  void make_missing(uint32_t chunk);

  uint64_t total_bytes_;
  uint32_t chunk_bytes_;
  std::vector<Chunk> chunks_;
  uint32_t missing_;
  uint32_t in_flight_ = 0;
  uint32_t verified_ = 0;
  uint64_t in_flight_bytes_ = 0;
  uint64_t missing_bytes_;
  uint64_t verified_bytes_ = 0;
  uint32_t missing_hint_ = 0;  // nothing below it is missing
  uint32_t verified_end_ = 0;  // everything below it is verified
};

}  // namespace obj
