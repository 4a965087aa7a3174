// SPDX-License-Identifier: Apache-2.0
// The reuse hazard: an owner gives memory to another object while READs of it are in flight, or
// while the reader stands still between the data and the check. A device reports success for such
// reads, and nobody at the owner knew of them: only the look at the slot tells.
//
// One thread plays both nodes; the device, and sometimes the owner, work beside it. The bytes of an
// object are all alike and differ from the next one's, so a wrong one is seen wherever it is. The
// negative control leaves the check out and must see wrong bytes: otherwise the rounds would show
// nothing.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <thread>

#include "tests/seed.hh"
#include "tests/verbs/verbs_peer.hh"

namespace obj {
namespace {

constexpr SourceNode kOwner{1, 10};
constexpr SourceNode kReader{2, 20};
// One that is long enough to be caught in the middle, and one for the moment after it.
constexpr uint32_t kLongBytes = 4 << 20;
constexpr uint32_t kShortBytes = 256 << 10;
constexpr uint32_t kReads = 4;  // of one object

// One extent at the owner, given to one object after the other.
class Recycler {
 public:
  Recycler(TestTable& table, uint32_t object_bytes) : table_(table), bytes_(object_bytes) {
    fill();
  }

  ObjectRef current() const { return current_; }
  std::byte content() const { return content_of(round_); }
  static std::byte content_of(uint64_t round) { return static_cast<std::byte>(round % 251 + 1); }

  // As a store does it: the generation moves on, then the memory is another object's.
  void recycle() {
    table_.remove(current_);
    round_++;
    fill();
  }

 private:
  void fill() {
    current_ = table_.add(object_id_from_name(std::to_string(round_)), 0, bytes_);
    std::memset(table_.arena().data(), std::to_integer<int>(content()), bytes_);
  }

  TestTable& table_;
  const uint32_t bytes_;
  uint64_t round_ = 0;
  ObjectRef current_{};
};

enum class When : uint8_t { kInFlight, kBeforeCheck };

struct Tally {
  uint64_t verified = 0;        // rounds whose bytes were believed after the check
  uint64_t verified_wrong = 0;  // of those, with a wrong byte
  uint64_t arrived_wrong = 0;   // rounds whose reads succeeded and brought a wrong byte
};

class ReuseRun {
 public:
  explicit ReuseRun(uint32_t object_bytes) : bytes_(object_bytes) {
    VerbsPeer::Options options;
    options.arena_bytes = 2 * object_bytes;
    owner_.emplace(kOwner, options);
    reader_.emplace(kReader, options);
    reader_->connect(*owner_);
    EXPECT_TRUE(run_until({&*owner_, &*reader_},
                          [&] { return reader_->path().state == verbs::PathState::kUp; }));
    recycler_.emplace(owner_->table, object_bytes);
  }

  void round(When when, uint64_t delay, Tally& tally) {
    const ObjectRef ref = recycler_->current();
    const std::byte content = recycler_->content();
    const auto landing = reader_->landing().first(bytes_);
    reader_->completions.clear();
    const uint32_t part = bytes_ / kReads;
    for (uint32_t i = 0; i < kReads; i++) {
      ReadOrder order =
          reader_->order(kOwner, i, uint64_t{i} * part, landing.subspan(i * part, part));
      order.copy.slot = ref.slot;
      order.copy.generation = ref.generation;
      reader_->transport().post_read(order);
    }
    // Before the device has them all, and while it works on them. On one processor soft-RoCE does
    // the whole READ before another thread has its turn; with two it is caught in the middle.
    std::jthread owner_at_work;
    if (when == When::kInFlight && delay % 4 == 0) recycler_->recycle();
    if (when == When::kInFlight && delay % 4 == 2) {
      owner_at_work = std::jthread([this] { recycler_->recycle(); });
    }
    reader_->reads->progress(64);
    ASSERT_TRUE(wait_for(kReads));
    if (owner_at_work.joinable()) owner_at_work.join();
    if (when == When::kBeforeCheck && delay % 2 == 0) recycler_->recycle();
    reader_->transport().post_check({kReads, {.node = kOwner, .id = {}, .slot = ref.slot}});
    ASSERT_TRUE(wait_for(kReads + 1));
    count(ref, content, landing, tally);
  }

 private:
  bool wait_for(uint64_t done) {
    const uint64_t until_ns = monotonic_ns() + 20'000'000'000;
    while (reader_->completions.done < done && monotonic_ns() < until_ns) {
      reader_->turn();
      owner_->turn();
    }
    return reader_->completions.done == done;
  }

  void count(ObjectRef ref, std::byte content, std::span<const std::byte> landing, Tally& tally) {
    for (const auto& [cookie, result] : reader_->completions.reads) ASSERT_TRUE(result.has_value());
    // All bytes are like the first one, and that is right.
    const bool is_wrong = landing[0] != content ||
                          std::memcmp(landing.data(), landing.data() + 1, landing.size() - 1) != 0;
    const auto& seen = reader_->completions.checks.at(kReads);
    const bool is_verified = seen.has_value() && seen->generation == ref.generation;
    tally.arrived_wrong += is_wrong;
    tally.verified += is_verified;
    tally.verified_wrong += is_verified && is_wrong;
  }

  const uint32_t bytes_;
  std::optional<VerbsPeer> owner_;
  std::optional<VerbsPeer> reader_;
  std::optional<Recycler> recycler_;
};

void run(When when, uint64_t rounds, uint64_t delay_max, Tally& tally) {
  std::mt19937_64 random(test_seed());
  ReuseRun run(when == When::kInFlight ? kLongBytes : kShortBytes);
  for (uint64_t i = 0; i < rounds && !testing::Test::HasFatalFailure(); i++) {
    run.round(when, random() % delay_max, tally);
  }
  std::printf("%llu rounds: %llu believed, %llu of them wrong; without the check %llu wrong\n",
              static_cast<unsigned long long>(rounds),
              static_cast<unsigned long long>(tally.verified),
              static_cast<unsigned long long>(tally.verified_wrong),
              static_cast<unsigned long long>(tally.arrived_wrong));
}

TEST(Reuse, under_reads_in_flight_shows_no_wrong_byte_in_a_thousand_rounds) {
  Tally tally;
  run(When::kInFlight, 1000, 12, tally);
  EXPECT_EQ(tally.verified_wrong, 0u);
  EXPECT_GT(tally.verified, 300u);
  EXPECT_LT(tally.verified, 700u) << "those that were not reused, and no others";
  EXPECT_GT(tally.arrived_wrong, 0u) << "the negative control: the check had nothing to catch";
}

TEST(Reuse, between_data_and_check_is_noticed_every_time) {
  Tally tally;
  run(When::kBeforeCheck, 1000, 1000, tally);
  EXPECT_EQ(tally.verified_wrong, 0u);
  EXPECT_GT(tally.verified, 300u);
  EXPECT_LT(tally.verified, 700u) << "those that were not reused, and no others";
}

}  // namespace
}  // namespace obj
