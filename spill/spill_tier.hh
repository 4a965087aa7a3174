// SPDX-License-Identifier: Apache-2.0
// spill/spill_tier.hh -- seam: copies that leave memory for storage, and come back.
//
// Implemented by the segment files of local and shared directories, by S3, and by the simulator's
// fake disk. When something is spilled or restored, and into which memory, is decided above
// (node/spill/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/object_id.hh"
#include "base/result.hh"

namespace obj {

// The asker's name for one write or read in flight. 64 bits, so that it fits user_data.
using SpillCookie = uint64_t;

// Where a record lies. Small and without text: a node keeps one for each object that it spilled.
struct SpillPlace {
  uint16_t store = 0;    // which of the configured directories or buckets
  uint64_t segment = 0;  // its number there
  uint64_t offset = 0;   // of the record in the segment
  uint64_t size = 0;     // of the record: header, payload, padding

  friend bool operator==(const SpillPlace&, const SpillPlace&) = default;
};

// What a record is a copy of. The payload is the extent as it lies in the arena: data, padding,
// metadata.
struct SpillCopy {
  ObjectId id;
  uint32_t origin = 0;  // the put that made the bytes (store/object_ref.hh)
  uint64_t data_bytes = 0;
  uint32_t metadata_bytes = 0;

  friend bool operator==(const SpillCopy&, const SpillCopy&) = default;
};

struct WriteOrder {
  SpillCookie cookie = 0;
  SpillCopy copy;
  std::span<const std::byte> payload;  // in the arena: 64-byte aligned, 4 KiB from 4 KiB up
};

struct RestoreOrder {
  SpillCookie cookie = 0;
  SpillPlace place;
  SpillCopy copy;                    // what must be there
  std::span<std::byte> destination;  // in the arena, aligned as above, payload size exactly
};

// Called from the tier's progress() and step(), on the reactor thread, never from inside a call of
// SpillTier.
class SpillCompletions {
 public:
  virtual ~SpillCompletions() = default;

  // The payload is the poster's again. With a place: the record is durable, and found again after a
  // crash. Else kLimit (disk full, or its guard), kSystem, kCancelled; nothing was left behind.
  virtual void on_written(SpillCookie cookie, const Result<SpillPlace>& place) = 0;
  // The destination is the poster's again. Ok: its bytes are those that were written (checksum).
  // kNotFound: no such record; kInvalid: it is there and damaged, and so are its other copies, if
  // any; kSystem. The destination then has no meaning.
  virtual void on_restored(SpillCookie cookie, const Result<void>& result) = 0;
};

// A record that was durable before this process started.
struct FoundRecord {
  SpillCopy copy;
  SpillPlace place;
};

// Threads: the reactor thread.
// Memory:  from write() to on_written(), and from restore() to on_restored(), the payload or
//          destination belongs to the tier, whatever happens meanwhile.
class SpillTier {
 public:
  virtual ~SpillTier() = default;

  // Each order gets exactly one completion, later. Order and grouping are the tier's choice: small
  // records are packed, large ones written in place, and all that were given since the last step()
  // share a sync of the disk.
  virtual void write(std::span<const WriteOrder> orders) = 0;
  virtual void restore(std::span<const RestoreOrder> orders) = 0;

  // The record is not wanted any more; its room is reused once it is no longer found after a crash
  // either. A restore of it that is in flight completes first. Not there: no effect.
  virtual void remove(const SpillPlace& place) = 0;

  // file:///DIR/SEGMENT?offset=N&size=M or s3://BUCKET/KEY?offset=N&size=M. Empty: no such store.
  virtual std::string url(const SpillPlace& place) const = 0;
  // The place that a URL names, if it is in a store that is configured here. kInvalid.
  virtual Result<SpillPlace> place(std::string_view url) const = 0;

  // Bytes that could be written now, over all stores that work. 0: full or broken.
  virtual uint64_t room_bytes() const = 0;
};

}  // namespace obj
