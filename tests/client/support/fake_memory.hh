// SPDX-License-Identifier: Apache-2.0
// tests/client/support/fake_memory.hh -- the three segments of a session, made as the daemon makes
// them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/mapping.hh"
#include "base/object_id.hh"
#include "base/spsc_ring.hh"
#include "base/unique_fd.hh"
#include "client/session/hello.hh"
#include "client/session/layout.hh"
#include "store/shared/control_header.hh"
#include "store/shared/slot.hh"

namespace obj::test {

struct FakeSizes {
  uint32_t requests_max = 64;
  uint32_t pins_max = 64;
  uint32_t slots = 1024;
  uint64_t arena_bytes = 16 << 20;
};

// One memory file, mapped writable.
struct FakeFile {
  explicit FakeFile(uint64_t size_bytes);

  UniqueFd fd;
  Mapping mapping;

  template <class T>
  T* at(uint64_t offset) const {
    return reinterpret_cast<T*>(mapping.bytes().data() + offset);
  }
};

// A control segment with every object in its own bucket's chain, as far as a few tests need it.
class FakeTable {
 public:
  explicit FakeTable(const FakeSizes& sizes);

  ControlHeader& header() const { return *file_.at<ControlHeader>(0); }
  Slot& slot(uint32_t index) const { return file_.at<Slot>(header().slots_offset)[index]; }
  int fd() const { return file_.fd.get(); }
  uint64_t size_bytes() const { return file_.mapping.bytes().size(); }

  // Fields, then the link, then `state`, as a new generation. The slot must be free.
  void publish(uint32_t slot, const ObjectId& id, uint64_t generation, SlotState state,
               uint64_t offset, uint64_t data_bytes, uint32_t metadata_bytes);
  void set_state(uint32_t slot, uint64_t generation, SlotState state);
  void unlink(uint32_t slot);

 private:
  std::atomic<uint32_t>& head_of(const ObjectId& id) const;

  FakeFile file_;
};

// The daemon's end of a session segment.
struct FakeSegment {
  explicit FakeSegment(const FakeSizes& sizes);

  session::Layout layout;
  FakeFile file;
  UniqueFd bell_to_daemon;
  UniqueFd bell_to_client;
  RingConsumer<session::Request> requests;
  RingProducer<session::Completion> completions;

  session::SegmentHeader& header() const { return *file.at<session::SegmentHeader>(0); }
  PinCell& pin_cell(uint32_t index) const { return file.at<PinCell>(layout.pins_offset)[index]; }
  std::byte* staging(uint32_t block) const {
    return file.at<std::byte>(layout.staging_offset +
                              uint64_t{block} * session::kStagingBlockBytes);
  }
  session::DetailSlot& detail(uint32_t number) const {
    return file.at<session::DetailSlot>(layout.details_offset)[number % session::kDetailSlots];
  }
  uint32_t pins_held() const;
};

// A welcome for them, and the descriptors in their order.
session::Welcome make_welcome(const FakeSizes& sizes, const FakeTable& table);
std::vector<int> welcome_fds(const FakeTable& table, const FakeFile& arena,
                             const FakeSegment& segment);

}  // namespace obj::test
