// SPDX-License-Identifier: Apache-2.0
// Goal: extents never overlap, a fit is never overlooked, and what comes back merges. Method:
// single cases, then random operations beside a model that marks each 64-byte unit as used or free.
#include "store/extent_allocator.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

#include "tests/seed.hh"

namespace obj {
namespace {

constexpr uint64_t kPage = ExtentAllocator::kPageAlign;

// Frees at the end what is left, since an extent may not die in use.
class Extents {
 public:
  explicit Extents(uint64_t capacity_bytes) : allocator(capacity_bytes) {}
  ~Extents() {
    for (Extent& extent : all_) {
      if (extent.address_hook.is_linked()) allocator.free(extent);
    }
  }
  // Null if it does not fit.
  Extent* allocate(uint64_t size_bytes) {
    Extent& extent = all_.emplace_back();
    return allocator.allocate(size_bytes, extent) ? &extent : nullptr;
  }

  ExtentAllocator allocator;

 private:
  std::deque<Extent> all_;
};

TEST(ExtentAllocator, gives_the_whole_arena_to_one_request) {
  Extents extents(1 << 20);
  const Extent* whole = extents.allocate(1 << 20);
  ASSERT_NE(whole, nullptr);
  EXPECT_EQ(whole->offset, 0u);
  EXPECT_EQ(extents.allocator.free_bytes(), 0u);
  EXPECT_EQ(extents.allocator.largest_free_bytes(), 0u);
  EXPECT_EQ(extents.allocate(1), nullptr);
  extents.allocator.check_invariants();
}

TEST(ExtentAllocator, refuses_what_is_larger_than_the_arena) {
  Extents extents(1 << 20);
  EXPECT_EQ(extents.allocate((1 << 20) + 1), nullptr);
  EXPECT_EQ(extents.allocate(ExtentAllocator::kCapacityMax), nullptr);
}

TEST(ExtentAllocator, does_not_use_a_tail_that_is_no_multiple_of_64) {
  Extents extents(1000);
  EXPECT_EQ(extents.allocator.capacity_bytes(), 960u);
  EXPECT_NE(extents.allocate(960), nullptr);
}

TEST(ExtentAllocator, has_nothing_to_give_in_an_empty_arena) {
  Extents extents(63);
  EXPECT_EQ(extents.allocate(0), nullptr);
  EXPECT_EQ(extents.allocator.first(), nullptr);
  extents.allocator.check_invariants();
}

TEST(ExtentAllocator, gives_64_bytes_to_an_empty_request) {
  Extents extents(1 << 20);
  EXPECT_EQ(extents.allocate(0)->size_bytes, 64u);
  EXPECT_EQ(extents.allocate(65)->size_bytes, 128u);
}

TEST(ExtentAllocator, aligns_from_4_kib_up) {
  Extents extents(1 << 20);
  ASSERT_EQ(extents.allocate(64)->offset, 0u);
  EXPECT_EQ(extents.allocate(kPage - 64)->offset, 64u);
  EXPECT_EQ(extents.allocate(64)->offset, kPage);
  EXPECT_EQ(extents.allocate(kPage)->offset, 2 * kPage);
  EXPECT_EQ(extents.allocate(100'000)->offset % kPage, 0u);
  extents.allocator.check_invariants();
}

TEST(ExtentAllocator, finds_the_one_aligned_extent_beside_longer_ones_that_lie_badly) {
  constexpr uint64_t kPages = 60;
  Extents extents(kPages * kPage);
  std::vector<Extent*> units;
  while (Extent* unit = extents.allocate(64)) units.push_back(unit);
  const auto free_units = [&](uint64_t start, uint64_t end) {
    for (uint64_t unit = start / 64; unit < end / 64; unit++) extents.allocator.free(*units[unit]);
  };
  // Each is nearly two pages long, and has no whole page.
  for (uint64_t at = 0; at < kPages * kPage; at += 4 * kPage)
    free_units(at + 64, at + 2 * kPage - 64);
  EXPECT_FALSE(extents.allocator.fits(kPage));
  EXPECT_EQ(extents.allocator.largest_free_bytes(), 2 * kPage - 128);

  free_units(31 * kPage, 32 * kPage);
  EXPECT_TRUE(extents.allocator.fits(kPage));
  EXPECT_EQ(extents.allocate(kPage)->offset, 31 * kPage);
  extents.allocator.check_invariants();
}

TEST(ExtentAllocator, takes_the_smallest_extent_that_fits) {
  Extents extents(1 << 20);
  Extent* large = extents.allocate(16 * kPage);
  extents.allocate(kPage);
  Extent* small = extents.allocate(4 * kPage);
  const uint64_t expected = small->offset;
  extents.allocate(kPage);
  extents.allocator.free(*large);
  extents.allocator.free(*small);
  EXPECT_EQ(extents.allocate(3 * kPage)->offset, expected);
}

TEST(ExtentAllocator, spares_whole_pages_when_a_sliver_will_do) {
  Extents extents(1 << 20);
  Extent* sliver = extents.allocate(1024);
  const uint64_t expected = sliver->offset;
  extents.allocate(64);
  extents.allocator.free(*sliver);
  EXPECT_EQ(extents.allocate(512)->offset, expected);
}

TEST(ExtentAllocator, merges_with_both_neighbours) {
  Extents extents(3 * 1024);
  Extent* first = extents.allocate(1024);
  Extent* middle = extents.allocate(1024);
  Extent* last = extents.allocate(1024);
  extents.allocator.free(*first);
  extents.allocator.free(*last);
  EXPECT_EQ(extents.allocator.free_extents(), 2u);
  extents.allocator.free(*middle);
  EXPECT_EQ(extents.allocator.free_extents(), 1u);
  EXPECT_EQ(extents.allocator.free_bytes(), 3u * 1024);
  EXPECT_NE(extents.allocate(3 * 1024), nullptr);
  extents.allocator.check_invariants();
}

TEST(ExtentAllocator, frees_many_at_once_in_any_order) {
  constexpr int kCount = 1000;
  Extents extents(kCount * 1024);
  std::vector<Extent*> all;
  for (int i = 0; i < kCount; i++) all.push_back(extents.allocate(1024));
  std::ranges::shuffle(all, std::mt19937_64(1));
  const auto half = all.begin() + kCount / 2;
  extents.allocator.free(std::vector<Extent*>(all.begin(), half));
  extents.allocator.check_invariants();
  extents.allocator.free(std::vector<Extent*>(half, all.end()));
  extents.allocator.check_invariants();
  EXPECT_EQ(extents.allocator.free_extents(), 1u);
  EXPECT_EQ(extents.allocator.largest_free_bytes(), kCount * 1024u);
}

TEST(ExtentAllocator, knows_the_neighbours) {
  Extents extents(4 * 1024);
  Extent* first = extents.allocate(1024);
  Extent* second = extents.allocate(1024);
  EXPECT_EQ(extents.allocator.first(), first);
  EXPECT_EQ(extents.allocator.before(*first), nullptr);
  EXPECT_EQ(extents.allocator.before(*second), first);
  Extent* rest = extents.allocator.after(*second);
  ASSERT_NE(rest, nullptr);
  EXPECT_TRUE(rest->is_free);
  EXPECT_EQ(extents.allocator.after(*rest), nullptr);
}

TEST(ExtentAllocatorDeathTest, refuses_to_free_twice) {
  Extents extents(1 << 20);
  Extent* extent = extents.allocate(1024);
  extents.allocator.free(*extent);
  EXPECT_DEATH(extents.allocator.free(*extent), "CHECK failed");
}

TEST(ExtentAllocatorDeathTest, refuses_to_allocate_into_an_extent_in_use) {
  Extents extents(1 << 20);
  Extent* extent = extents.allocate(1024);
  EXPECT_DEATH(extents.allocator.allocate(1024, *extent), "CHECK failed");
}

// The model: which units are used. A request fits if a run of free ones holds it, aligned.
class Model {
 public:
  explicit Model(uint64_t capacity_bytes) : is_used_(capacity_bytes / 64) {}

  // True if all of the extent was as `used` says it should have been.
  bool mark(const Extent& extent, bool used) {
    bool was_other = true;
    for (uint64_t unit = extent.offset / 64; unit < extent.end() / 64; unit++) {
      was_other &= is_used_[unit] != used;
      is_used_[unit] = used;
    }
    return was_other;
  }
  bool fits(uint64_t size_bytes) const {
    uint64_t start = 0;
    for (uint64_t unit = 0; unit <= is_used_.size(); unit++) {
      if (unit < is_used_.size() && !is_used_[unit]) continue;
      if (start < unit && ExtentAllocator::fits_between(start * 64, unit * 64, size_bytes))
        return true;
      start = unit + 1;
    }
    return false;
  }
  uint64_t free_bytes() const {
    return 64 * static_cast<uint64_t>(std::ranges::count(is_used_, false));
  }

 private:
  std::vector<bool> is_used_;
};

uint64_t random_size(std::mt19937_64& random) {
  switch (random() % 4) {
    case 0: return random() % 200;
    case 1: return random() % 5000;
    case 2: return kPage * (1 + random() % 4);
    default: return random() % 30'000;
  }
}

TEST(ExtentAllocator, agrees_with_a_model_in_random_operations) {
  std::mt19937_64 random(test_seed());
  constexpr uint64_t kCapacity = 256 << 10;
  for (int run = 0; run < 10; run++) {
    Extents extents(kCapacity);
    Model model(kCapacity);
    std::vector<Extent*> in_use;
    for (int step = 0; step < 1500; step++) {
      const bool allocates = in_use.empty() || random() % 100 < 55;
      if (allocates) {
        const uint64_t size_bytes = random_size(random);
        ASSERT_EQ(extents.allocator.fits(size_bytes), model.fits(size_bytes)) << size_bytes;
        Extent* extent = extents.allocate(size_bytes);
        ASSERT_EQ(extent != nullptr, model.fits(size_bytes)) << size_bytes;
        if (extent == nullptr) continue;
        ASSERT_TRUE(model.mark(*extent, true)) << "overlaps";
        ASSERT_EQ(extent->size_bytes, ExtentAllocator::extent_bytes(size_bytes));
        ASSERT_TRUE(extent->size_bytes < kPage || extent->offset % kPage == 0);
        in_use.push_back(extent);
      } else {
        // One, or a batch.
        std::ranges::shuffle(in_use, random);
        const size_t count = 1 + (random() % 4 == 0 ? random() % in_use.size() : 0);
        const std::vector<Extent*> batch(in_use.end() - static_cast<ptrdiff_t>(count),
                                         in_use.end());
        in_use.resize(in_use.size() - count);
        for (const Extent* extent : batch) ASSERT_TRUE(model.mark(*extent, false));
        extents.allocator.free(batch);
      }
      ASSERT_EQ(extents.allocator.free_bytes(), model.free_bytes());
      if (step % 16 == 0) extents.allocator.check_invariants();
    }
    const uint64_t largest = extents.allocator.largest_free_bytes();
    EXPECT_TRUE(largest == 0 || model.fits(largest));
    EXPECT_FALSE(model.fits(largest + 64));
  }
}

}  // namespace
}  // namespace obj
