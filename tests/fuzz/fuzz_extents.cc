// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_extents.cc -- the extent allocator against a plain model of the arena.
#include <map>
#include <memory>
#include <vector>

#include "base/check.hh"
#include "store/extent_allocator.hh"
#include "tests/fuzz/fuzz_input.hh"

namespace {

using namespace obj;

class Play {
 public:
  Play(FuzzInput input, uint64_t capacity_bytes) : input_(input), extents_(capacity_bytes) {}

  void run() {
    while (!input_.is_empty()) step();
    check();
    for (const auto& [offset, extent] : taken_) extents_.free(*extent);
    extents_.check_invariants();
    OBJ_CHECK(extents_.free_bytes() == whole());
    OBJ_CHECK(extents_.largest_free_bytes() == whole());
    OBJ_CHECK(extents_.free_extents() == (whole() > 0 ? 1 : 0));
  }

 private:
  uint64_t whole() const {
    return extents_.capacity_bytes() / ExtentAllocator::kAlign * ExtentAllocator::kAlign;
  }

  void step() {
    switch (input_.below(4)) {
      case 0:
      case 1: return allocate();
      case 2: return free_one();
      case 3: return free_several();
    }
  }

  void allocate() {
    const uint64_t size_bytes = input_.below(2) == 0
                                    ? input_.take<uint16_t>()
                                    : input_.pick({0, 1, 64, 65, 4095, 4096, 4097, whole(),
                                                   whole() / 2, ExtentAllocator::kCapacityMax});
    if (size_bytes > ExtentAllocator::kCapacityMax) return;
    auto extent = std::make_unique<Extent>();
    const bool fits = extents_.fits(size_bytes);
    OBJ_CHECK(extents_.allocate(size_bytes, *extent) == fits);
    if (!fits) {
      OBJ_CHECK(!would_fit(ExtentAllocator::extent_bytes(size_bytes)));
      return;
    }
    OBJ_CHECK(extent->size_bytes == ExtentAllocator::extent_bytes(size_bytes));
    OBJ_CHECK(extent->offset % align_of(extent->size_bytes) == 0);
    OBJ_CHECK(extent->end() <= extents_.capacity_bytes());
    const auto next = taken_.lower_bound(extent->offset);
    OBJ_CHECK(next == taken_.end() || extent->end() <= next->first);
    OBJ_CHECK(next == taken_.begin() || std::prev(next)->second->end() <= extent->offset);
    taken_bytes_ += extent->size_bytes;
    taken_.emplace(extent->offset, std::move(extent));
    OBJ_CHECK(extents_.free_bytes() == whole() - taken_bytes_);
  }

  static uint64_t align_of(uint64_t size_bytes) {
    return size_bytes < ExtentAllocator::kPageAlign ? ExtentAllocator::kAlign
                                                    : ExtentAllocator::kPageAlign;
  }

  // By trying every gap between what is taken.
  bool would_fit(uint64_t size_bytes) const {
    const uint64_t align = align_of(size_bytes);
    uint64_t gap_start = 0;
    const auto fits_before = [&](uint64_t gap_end) {
      const uint64_t start = (gap_start + align - 1) / align * align;
      return start <= gap_end && size_bytes <= gap_end - start;
    };
    for (const auto& [offset, extent] : taken_) {
      if (fits_before(offset)) return true;
      gap_start = extent->end();
    }
    return fits_before(whole());
  }

  void free_one() {
    if (taken_.empty()) return;
    auto place = taken_.begin();
    std::advance(place, input_.below(256) % taken_.size());
    extents_.free(*place->second);
    taken_bytes_ -= place->second->size_bytes;
    taken_.erase(place);
  }

  // Every second one or so, as eviction does.
  void free_several() {
    std::vector<Extent*> some;
    std::vector<std::unique_ptr<Extent>> owned;  // until they are free
    const auto mask = input_.take<uint32_t>();
    uint32_t n = 0;
    for (auto place = taken_.begin(); place != taken_.end(); n++) {
      if ((mask >> n % 32 & 1) == 0) {
        ++place;
        continue;
      }
      taken_bytes_ -= place->second->size_bytes;
      some.push_back(place->second.get());
      owned.push_back(std::move(place->second));
      place = taken_.erase(place);
    }
    extents_.free(some);
    check();
  }

  void check() {
    extents_.check_invariants();
    OBJ_CHECK(extents_.free_bytes() == whole() - taken_bytes_);
    uint64_t listed_bytes = 0;
    for (Extent* extent = extents_.first(); extent != nullptr; extent = extents_.after(*extent)) {
      if (extent->is_free) listed_bytes += extent->size_bytes;
    }
    OBJ_CHECK(listed_bytes == extents_.free_bytes());
  }

  FuzzInput input_;
  ExtentAllocator extents_;
  std::map<uint64_t, std::unique_ptr<Extent>> taken_;  // by offset
  uint64_t taken_bytes_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  FuzzInput input(data, size_bytes);
  const uint64_t capacity_bytes = input.pick({1 << 16, 0, 63, 64, 4096, 12'345, 1 << 20});
  if (capacity_bytes > ExtentAllocator::kCapacityMax) return 0;
  Play(input, capacity_bytes).run();
  return 0;
}
