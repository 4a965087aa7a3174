// SPDX-License-Identifier: Apache-2.0
// tests/store/test_segment.hh -- a control segment in ordinary memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>

#include "base/object_id.hh"
#include "store/object_table.hh"

namespace obj {

// Zeros, aligned as a mapping is.
class TestSegment {
 public:
  explicit TestSegment(uint32_t slot_count)
      : size_bytes_(ObjectTable::segment_bytes_for(slot_count)),
        bytes_(static_cast<std::byte*>(::operator new(size_bytes_, kAlign))) {
    std::memset(bytes_, 0, size_bytes_);
  }
  TestSegment(const TestSegment&) = delete;
  TestSegment& operator=(const TestSegment&) = delete;
  ~TestSegment() { ::operator delete(bytes_, kAlign); }

  std::span<std::byte> bytes() const { return {bytes_, size_bytes_}; }

 private:
  static constexpr std::align_val_t kAlign{4096};
  size_t size_bytes_;
  std::byte* bytes_;
};

// An id of its own for each number; number 0 is the all-zero id.
inline ObjectId numbered_id(uint64_t number) {
  ObjectId id;
  std::memcpy(id.bytes.data(), &number, sizeof number);
  return id;
}

}  // namespace obj
