// SPDX-License-Identifier: Apache-2.0
// Goal: what is read from the memory of a daemon on this host is the object asked for, or the read
// says that it is not; a file that could hurt us is not mapped.
#include "node/same_host/neighbour_memory.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <chrono>
#include <random>

#include "tests/node/same_host_memory.hh"
#include "tests/seed.hh"

namespace obj {
namespace {

constexpr uint64_t kIncarnation = 77;
constexpr SourceNode kOwner{5, kIncarnation};
const ObjectId kId = object_id_from_name("object");

std::vector<std::byte> filled(size_t size_bytes, int value) {
  return std::vector<std::byte>(size_bytes, static_cast<std::byte>(value));
}

// Ends with its test.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

 private:
  pid_t pid_;
};

class NeighbourMemoryTest : public testing::Test {
 protected:
  static Result<NeighbourMemory> map(const OwnMemory& files, uint64_t incarnation = kIncarnation) {
    const UniqueFd control(::fcntl(files.control_file, F_DUPFD_CLOEXEC, 0));
    const UniqueFd arena(::fcntl(files.arena_file, F_DUPFD_CLOEXEC, 0));
    return NeighbourMemory::map(control, arena, incarnation);
  }

  SameHostMemory owner_{kIncarnation};
};

TEST_F(NeighbourMemoryTest, shows_an_object_and_its_bytes) {
  const auto data = filled(100'000, 7);
  const RemoteCopy copy = owner_.put(kOwner, kId, 4096, data);
  const auto memory = map(owner_.files());
  ASSERT_TRUE(memory);
  const auto sighting = memory->look(copy);
  ASSERT_TRUE(sighting);
  EXPECT_EQ(sighting->id, kId);
  EXPECT_EQ(sighting->offset, 4096u);
  EXPECT_EQ(sighting->ready_bytes, 100'000u);
  auto bytes = filled(data.size(), 0);
  const ReadOrder order = order_of(copy, 1, bytes);
  ASSERT_TRUE(memory->may_read(order));
  memory->copy(order, 0, 60'000);
  memory->copy(order, 60'000, 40'000);
  EXPECT_EQ(memory->still(copy), NeighbourMemory::Still::kSame);
  EXPECT_EQ(bytes, data);
}

TEST_F(NeighbourMemoryTest, refuses_what_the_copy_is_not) {
  const RemoteCopy copy = owner_.put(kOwner, kId, 4096, filled(1000, 7));
  const auto memory = map(owner_.files());
  ASSERT_TRUE(memory);
  auto bytes = filled(1000, 0);
  const auto may_read = [&](const RemoteCopy& claim, uint64_t object_offset) {
    return memory->may_read(order_of(claim, 1, bytes, object_offset)).has_value();
  };
  EXPECT_TRUE(may_read(copy, 0));
  EXPECT_FALSE(may_read(copy, 1));
  EXPECT_FALSE(may_read(copy, UINT64_MAX));
  for (const auto& lie :
       {RemoteCopy{kOwner, object_id_from_name("other"), copy.slot, copy.generation, copy.offset},
        RemoteCopy{kOwner, kId, 16, copy.generation, copy.offset},
        RemoteCopy{kOwner, kId, UINT32_MAX, copy.generation, copy.offset},
        RemoteCopy{kOwner, kId, copy.slot, copy.generation + 1, copy.offset},
        RemoteCopy{kOwner, kId, copy.slot, copy.generation, 0}}) {
    EXPECT_FALSE(may_read(lie, 0));
  }
  owner_.evict(copy.slot);
  EXPECT_FALSE(may_read(copy, 0));
  EXPECT_EQ(memory->look(copy).error().code, ErrorCode::kStale);
  EXPECT_EQ(memory->still(copy), NeighbourMemory::Still::kGone);
}

TEST_F(NeighbourMemoryTest, reads_no_more_of_a_partial_copy_than_is_ready) {
  const ObjectRef ref = owner_.table().add({kId, 0, 1000, 0});
  owner_.table().show_ready(ref.slot, 600);
  const RemoteCopy copy{kOwner, kId, ref.slot, ref.generation, 0};
  const auto memory = map(owner_.files());
  ASSERT_TRUE(memory);
  auto bytes = filled(300, 0);
  EXPECT_TRUE(memory->may_read(order_of(copy, 1, bytes, 300)));
  EXPECT_FALSE(memory->may_read(order_of(copy, 1, bytes, 301)));
}

TEST_F(NeighbourMemoryTest, an_owner_that_lies_about_its_arena_is_not_followed) {
  constexpr uint64_t kEnd = SameHostMemory::kArenaBytes;
  for (const uint64_t offset : {kEnd - 500, kEnd, UINT64_MAX - 100}) {
    const ObjectRef ref =
        owner_.table().add({object_id_from_name(std::to_string(offset)), offset, 1000, 0});
    owner_.table().seal(ref.slot);
    const auto memory = map(owner_.files());
    ASSERT_TRUE(memory);
    auto bytes = filled(1000, 0);
    EXPECT_FALSE(memory->may_read(order_of(
        {kOwner, object_id_from_name(std::to_string(offset)), ref.slot, ref.generation, offset}, 1,
        bytes)));
  }
}

TEST_F(NeighbourMemoryTest, a_deleted_object_that_is_still_viewed_is_unsettled) {
  const RemoteCopy copy = owner_.put(kOwner, kId, 0, filled(1000, 7));
  const auto memory = map(owner_.files());
  ASSERT_TRUE(memory);
  owner_.table().begin_eviction(copy.slot);
  EXPECT_EQ(memory->still(copy), NeighbourMemory::Still::kUnsettled);
  owner_.table().cancel_eviction(copy.slot);
  EXPECT_EQ(memory->still(copy), NeighbourMemory::Still::kSame);
}

TEST_F(NeighbourMemoryTest, does_not_map_files_that_can_shrink_or_are_not_memory) {
  const UniqueFd shrinking(::memfd_create("shrinking", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  ASSERT_EQ(::ftruncate(shrinking.get(), 1 << 20), 0);
  const UniqueFd device(::open("/dev/zero", O_RDONLY | O_CLOEXEC));
  for (const int bad : {shrinking.get(), device.get()}) {
    OwnMemory files = owner_.files();
    files.arena_file = bad;
    EXPECT_EQ(map(files).error().code, ErrorCode::kInvalid);
    files = owner_.files();
    files.control_file = bad;
    EXPECT_EQ(map(files).error().code, ErrorCode::kInvalid);
  }
}

TEST_F(NeighbourMemoryTest, does_not_take_the_memory_of_another_life_or_another_file_for_a_table) {
  EXPECT_EQ(map(owner_.files(), kIncarnation + 1).error().code, ErrorCode::kStale);
  OwnMemory files = owner_.files();
  files.control_file = files.arena_file;
  EXPECT_EQ(map(files).error().code, ErrorCode::kInvalid);
}

// The owner, a process of its own, reuses the same memory again and again while we read it. Each of
// its objects is filled with one value: a mixture would show.
TEST_F(NeighbourMemoryTest, memory_that_is_reused_under_a_reader_is_never_believed) {
  constexpr size_t kBytes = 256 << 10;
  constexpr uint32_t kBelievedMin = 200;
  const pid_t pid = ::fork();
  ASSERT_GE(pid, 0);
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const std::span<std::byte> memory = owner_.arena().first(kBytes);
    while (true) {
      const ObjectRef ref = owner_.table().add({kId, 0, kBytes, 0});
      std::memset(memory.data(), static_cast<int>(ref.generation & 0xff), kBytes);
      owner_.table().seal(ref.slot);
      for (int i = 0; i < 50'000; i++) asm volatile("");  // long enough to be read at times
      owner_.evict(ref.slot);
    }
  }
  const Child owner(pid);
  const auto memory = map(owner_.files());
  ASSERT_TRUE(memory);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::mt19937_64 random(test_seed());
  auto bytes = filled(kBytes, 0);
  uint32_t believed = 0, caught = 0, mixtures_caught = 0;
  while ((believed < kBelievedMin || mixtures_caught == 0) &&
         std::chrono::steady_clock::now() < until) {
    const Slot& slot = TableView::over(owner_.table().segment())->slot(0);
    const ControlWord control = slot.control.load(std::memory_order_acquire);
    if (control_state(control) != SlotState::kSealed) continue;
    const RemoteCopy copy{kOwner, kId, 0, control_generation(control), 0};
    const ReadOrder order = order_of(copy, 1, bytes);
    if (!memory->may_read(order)) continue;
    const size_t first = random() % (kBytes + 1);
    memory->copy(order, 0, first);
    memory->copy(order, first, kBytes - first);
    const bool is_believed = memory->still(copy) != NeighbourMemory::Still::kGone;
    const auto value = static_cast<std::byte>(copy.generation & 0xff);
    const bool is_whole = std::ranges::all_of(bytes, [&](std::byte b) { return b == value; });
    is_believed ? believed++ : caught++;
    if (!is_believed && !is_whole) mixtures_caught++;
    ASSERT_TRUE(is_whole || !is_believed);
  }
  // The test itself: both happened, and without the look afterwards there would be wrong bytes.
  EXPECT_GE(believed, kBelievedMin);
  EXPECT_GT(mixtures_caught, 0u) << caught << " caught";
}

}  // namespace
}  // namespace obj
