// SPDX-License-Identifier: Apache-2.0
// streaming_copy and each CPU's way of copying lines: every byte that should be copied is, no byte
// beside it is touched, at all alignments and at sizes around each threshold.
#include "base/streaming_copy.hh"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <span>

#include "base/line_copy.hh"
#include "tests/seed.hh"

namespace obj {
namespace {

constexpr std::byte kGuard{0xa5};
constexpr size_t kGuardBytes = 128;

struct FreeAligned {
  void operator()(std::byte* start) const { std::free(start); }
};

// Bytes that begin on a page boundary.
class AlignedBytes {
 public:
  explicit AlignedBytes(size_t size_bytes)
      : size_bytes_(size_bytes),
        start_(
            static_cast<std::byte*>(std::aligned_alloc(4096, (size_bytes + 4095) / 4096 * 4096))) {}

  std::span<std::byte> all() { return {start_.get(), size_bytes_}; }

 private:
  size_t size_bytes_;
  std::unique_ptr<std::byte, FreeAligned> start_;
};

void fill_random(std::span<std::byte> bytes, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
}

bool all_guard(std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) {
    if (byte != kGuard) return false;
  }
  return true;
}

// Copies `source` to `place` inside `arena` with `copy` and checks the bytes and their neighbours.
template <class Copy>
void expect_exact_copy(std::span<std::byte> arena, size_t place, std::span<const std::byte> source,
                       Copy copy) {
  const auto before = arena.subspan(place - kGuardBytes, kGuardBytes);
  const auto target = arena.subspan(place, source.size());
  const auto after = arena.subspan(place + source.size(), kGuardBytes);
  std::memset(before.data(), static_cast<int>(kGuard), before.size());
  std::memset(target.data(), 0, target.size());
  std::memset(after.data(), static_cast<int>(kGuard), after.size());
  copy(target.data(), source.data());
  ASSERT_EQ(std::memcmp(target.data(), source.data(), source.size()), 0);
  ASSERT_TRUE(all_guard(before));
  ASSERT_TRUE(all_guard(after));
}

class StreamingCopy : public testing::Test {
 protected:
  static constexpr size_t kBytesMax = kStreamingCopyMin + 4096;

  StreamingCopy() { fill_random(source_.all(), test_seed()); }

  void expect_copies(size_t size_bytes, size_t target_offset, size_t source_offset) {
    SCOPED_TRACE("size " + std::to_string(size_bytes) + ", target +" +
                 std::to_string(target_offset) + ", source +" + std::to_string(source_offset));
    expect_exact_copy(
        target_.all(), kGuardBytes + target_offset,
        source_.all().subspan(source_offset, size_bytes),
        [size_bytes](void* to, const void* from) { streaming_copy(to, from, size_bytes); });
  }

  AlignedBytes source_{kBytesMax + 256};
  AlignedBytes target_{kBytesMax + 256 + 2 * kGuardBytes};
};

TEST_F(StreamingCopy, copies_nothing_when_the_size_is_zero) { expect_copies(0, 5, 9); }

TEST_F(StreamingCopy, copies_small_sizes_like_memcpy) {
  for (size_t size = 1; size < 300; size++) expect_copies(size, size % 64, size % 13);
}

TEST_F(StreamingCopy, is_exact_at_every_alignment_of_the_target) {
  for (size_t offset = 0; offset < 64; offset++) expect_copies(kStreamingCopyMin, offset, 0);
}

TEST_F(StreamingCopy, is_exact_at_every_alignment_of_the_source) {
  for (size_t offset = 0; offset < 64; offset++) expect_copies(kStreamingCopyMin, 3, offset);
}

TEST_F(StreamingCopy, is_exact_at_sizes_around_the_threshold) {
  for (size_t more = 0; more <= 130; more++) {
    expect_copies(kStreamingCopyMin - 65 + more, more % 64, more % 7);
  }
}

class EachLineCopy : public testing::TestWithParam<LineCopy> {};

TEST_P(EachLineCopy, copies_whole_lines_exactly_from_any_source_alignment) {
  const LineCopy& variant = GetParam();
  if (!variant.supported) GTEST_SKIP() << "this CPU has no " << variant.name;
  AlignedBytes source(8192);
  AlignedBytes target(8192);
  fill_random(source.all(), test_seed());
  for (size_t source_offset = 0; source_offset < kCacheLineBytes; source_offset++) {
    for (const size_t lines : std::array<size_t, 6>{0, 1, 2, 3, 7, 64}) {
      expect_exact_copy(
          target.all(), kGuardBytes, source.all().subspan(source_offset, lines * kCacheLineBytes),
          [&](std::byte* to, const std::byte* from) { variant.copy(to, from, lines); });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Compiled, EachLineCopy,
                         testing::ValuesIn(line_copies().begin(), line_copies().end()),
                         [](const auto& variant) { return std::string(variant.param.name); });

TEST(LineCopies, first_variant_runs_on_every_cpu) { EXPECT_TRUE(line_copies().front().supported); }

}  // namespace
}  // namespace obj
