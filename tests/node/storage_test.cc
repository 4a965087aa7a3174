// SPDX-License-Identifier: Apache-2.0
// Goal: what is spilled, restored, deleted, evicted and put again is always the right bytes, once
// each, and all books agree; storage that is slow, full, broken or damaged costs what it must and
// no more. Method: the real store, admission queue, spiller and restorer on a fake tier; scripts,
// then random operations against a model.
#include "node/spill/storage.hh"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

#include "tests/node/fake_tier.hh"
#include "tests/seed.hh"
#include "tests/store/test_store.hh"

namespace obj {
namespace {

constexpr uint64_t kKiB = 1024;
constexpr uint64_t kSecond = 1'000'000'000;

class News : public ColdStorageNews {
 public:
  struct Failure {
    ErrorCode code;
    std::string why;
  };
  void on_recalled(const Placement& placement) override { recalled[placement.id]++; }
  void on_recall_failed(const ObjectId& id, const Error& error, const std::string& why) override {
    failed[id] = {error.code, why};
  }
  void on_spilled(QuestionTag tag, const Result<void>& result, const std::string&) override {
    EXPECT_TRUE(
        answers.emplace(tag, result ? std::nullopt : std::optional(result.error().code)).second)
        << "answered twice";
  }
  void on_storage_relief() override { relief = true; }

  std::map<ObjectId, int> recalled;
  std::map<ObjectId, Failure> failed;
  std::map<QuestionTag, std::optional<ErrorCode>> answers;
  bool relief = false;
};

// A store with its storage, whose pins are the fake readers' and the spiller's.
class SpillReaders : public Readers {
 public:
  explicit SpillReaders(const DaemonPins& spills) : spills_(spills) {}
  void collect_pins(std::vector<HeldPin>& out) override {
    clients.collect_pins(out);
    spills_.collect(out);
  }
  void collect_touches(std::vector<uint32_t>& out) override { clients.collect_touches(out); }
  void want_releases(bool) override {}
  FakeReaders clients;

 private:
  const DaemonPins& spills_;
};

struct SpillingStore {
  explicit SpillingStore(FakeDisk& on, uint64_t arena_bytes = 64 * kKiB, StorageOptions with = {},
                         uint32_t slots = 512)
      : disk(on),
        segment(slots),
        table(ObjectTable::over(segment.bytes(), {.slot_count = slots}, 4711)),
        pins(kSpillSession),
        readers(pins),
        arena(arena_bytes),
        store(table, arena_bytes, readers),
        admission(store),
        tier(disk),
        storage({.store = store,
                 .admission = admission,
                 .pins = pins,
                 .arena = arena,
                 .tier = tier,
                 .news = news,
                 .origin_of = [this](const Placement& placement) { return origin(placement); }},
                with) {
    tier.attach(storage);
    for (const FoundRecord& record : disk.found()) storage.found(record);
  }

  uint32_t origin(const Placement& placement) {
    if (placement.origin != 0) return placement.origin;
    return static_cast<uint32_t>(placement.ref.slot * 1000 + placement.ref.generation + 1);
  }
  static std::vector<std::byte> content(uint64_t number, uint64_t version, size_t bytes) {
    std::vector<std::byte> content(bytes);
    uint64_t state = number * 0x9e3779b97f4a7c15 + version + 1;
    for (std::byte& byte : content) {
      state = state * 6364136223846793005 + 1442695040888963407;
      byte = static_cast<std::byte>(state >> 56);
    }
    return content;
  }
  void fill(const Placement& placement, uint64_t number, uint64_t version) {
    std::ranges::copy(content(number, version, placement.data_bytes),
                      arena.begin() + static_cast<ptrdiff_t>(placement.offset));
  }
  // The code of why not.
  std::optional<ErrorCode> put(uint64_t number, uint64_t bytes, uint64_t version = 0) {
    const auto made = store.create({numbered_id(number), bytes, 0, 1});
    if (!made) return made.error().code;
    fill(*made, number, version);
    EXPECT_TRUE(store.seal(made->ref, 1).has_value());
    return std::nullopt;
  }
  void step(uint64_t by_ns = 0) {
    now_ns += by_ns;
    storage.step(now_ns);
    store.reap();
    std::vector<CreateOutcome> outcomes;
    admission.retry(now_ns, outcomes);
    for (const CreateOutcome& outcome : outcomes) {
      if (outcome.ticket.session == kSpillSession) {
        storage.on_create_outcome(outcome, now_ns);
      } else {
        created.push_back(outcome);
      }
    }
    storage.step(now_ns);
  }
  // Until nothing more happens.
  void settle() {
    int idle_turns = 0;
    for (int turn = 0; turn < 2000; turn++) {
      step(20);
      idle_turns = tier.complete() == 0 && storage.in_flight() == 0 ? idle_turns + 1 : 0;
      if (idle_turns > 5) return;
    }
    ADD_FAILURE() << "it does not settle";
  }
  void remove(uint64_t number) {
    store.remove(numbered_id(number));
    storage.remove(numbered_id(number));
  }
  bool in_memory(uint64_t number) {
    const auto sight = store.look_up(numbered_id(number));
    return sight && sight->sealed;
  }
  bool has_content(uint64_t number, uint64_t version = 0) {
    const auto placement = store.find_sealed(numbered_id(number));
    if (!placement) return false;
    const auto expected = content(number, version, placement->data_bytes);
    return std::ranges::equal(std::span(arena).subspan(placement->offset, placement->data_bytes),
                              expected);
  }
  void recall(uint64_t number, uint64_t deadline_ns = kForeverNs) {
    storage.recall(numbered_id(number), deadline_ns, now_ns);
  }
  void check() {
    store.check_invariants();
    EXPECT_EQ(store.ledger(), store.recount());
    EXPECT_EQ(storage.spilled().totals(), storage.spilled().recount());
  }

  FakeDisk& disk;
  TestSegment segment;
  ObjectTable table;
  DaemonPins pins;
  SpillReaders readers;
  std::vector<std::byte> arena;
  ObjectStore store;
  Admission admission;
  FakeTier tier;
  News news;
  Storage storage;
  std::vector<CreateOutcome> created;
  uint64_t now_ns = kSecond;
};

TEST(Storage, spills_from_the_high_watermark_to_the_low_one) {
  FakeDisk disk;
  SpillingStore test(disk);
  for (uint64_t number = 1; number <= 51; number++) EXPECT_FALSE(test.put(number, kKiB));
  test.settle();
  EXPECT_EQ(test.tier.writes, 0);  // 51 of 64 is less than 80%
  EXPECT_FALSE(test.put(52, kKiB));
  test.settle();
  EXPECT_EQ(test.store.ledger().spilled.objects, 7u);  // 45 of 64 are left: 70%
  for (uint64_t number = 1; number <= 7; number++) {
    EXPECT_NE(test.storage.find(numbered_id(number)), nullptr) << number;  // the coldest
  }
  test.check();
}

TEST(Storage, three_times_the_arena_goes_in_and_comes_back_byte_exact) {
  FakeDisk disk;
  SpillingStore test(disk);
  constexpr uint64_t kObjects = 192;
  for (uint64_t number = 1; number <= kObjects; number++) {
    while (test.put(number, kKiB)) test.settle();
  }
  for (int round = 0; round < 2; round++) {
    for (uint64_t number = 1; number <= kObjects; number++) {
      if (!test.in_memory(number)) test.recall(number);
      test.settle();
      ASSERT_TRUE(test.has_content(number)) << number;
    }
  }
  EXPECT_LE(test.tier.writes, static_cast<int>(kObjects));  // none twice
  test.check();
}

TEST(Storage, a_create_that_waits_has_a_stretch_spilled_for_it) {
  FakeDisk disk;
  SpillingStore test(disk);
  for (uint64_t number = 1; number <= 64; number++) ASSERT_FALSE(test.put(number, kKiB));
  EXPECT_FALSE(
      test.admission.submit({numbered_id(100), 40 * kKiB, 0, 1}, {1, 1}, test.now_ns, kForeverNs));
  test.settle();
  ASSERT_EQ(test.created.size(), 1u);
  EXPECT_TRUE(test.created[0].result.has_value());
  test.check();
}

TEST(Storage, ten_restores_of_one_object_are_one_read) {
  FakeDisk disk;
  SpillingStore test(disk);
  ASSERT_FALSE(test.put(1, kKiB));
  test.storage.spill(numbered_id(1), 1);
  test.settle();
  for (uint64_t number = 2; test.in_memory(1); number++) (void)test.put(number, kKiB);
  for (int i = 0; i < 10; i++) test.recall(1);
  test.settle();
  EXPECT_EQ(test.tier.reads, 1);
  EXPECT_EQ(test.news.recalled[numbered_id(1)], 1);
  EXPECT_TRUE(test.has_content(1));
  test.recall(1);  // it is here
  test.settle();
  EXPECT_EQ(test.tier.reads, 1);
}

TEST(Storage, a_spill_by_name_is_told_when_it_is_durable_and_done_once) {
  FakeDisk disk;
  SpillingStore test(disk);
  ASSERT_FALSE(test.put(1, kKiB));
  test.storage.spill(numbered_id(1), 1);
  test.storage.spill(numbered_id(1), 2);
  test.storage.spill(numbered_id(9), 3);
  test.step(1);
  test.step(1);
  EXPECT_EQ(test.news.answers.size(), 1u);
  EXPECT_EQ(test.news.answers.at(3), ErrorCode::kNotFound);
  EXPECT_EQ(test.store.ledger().being_spilled.objects, 1u);
  test.settle();
  test.storage.spill(numbered_id(1), 4);
  test.settle();
  for (const QuestionTag tag : {1u, 2u, 4u}) EXPECT_EQ(test.news.answers.at(tag), std::nullopt);
  EXPECT_EQ(test.tier.writes, 1);
  EXPECT_EQ(test.store.ledger().spilled.objects, 1u);
}

TEST(Storage, what_a_client_reads_is_not_chosen_and_is_a_candidate_again_on_release) {
  FakeDisk disk;
  SpillingStore test(disk, 4 * kKiB);
  for (uint64_t number = 1; number <= 4; number++) ASSERT_FALSE(test.put(number, kKiB));
  for (uint64_t number = 1; number <= 4; number++) {
    test.readers.clients.pin(1, test.store.find_sealed(numbered_id(number))->ref);
  }
  test.settle();
  EXPECT_EQ(test.tier.writes, 0);
  test.readers.clients.release_all(1);
  EXPECT_LT(test.storage.next_step_ns(), kForeverNs);  // nobody tells: it looks again by itself
  test.step(kSecond);
  test.settle();
  EXPECT_GT(test.tier.writes, 0);
}

TEST(Storage, a_failed_write_leaves_the_object_and_is_tried_again_later) {
  FakeDisk disk;
  SpillingStore test(disk, 4 * kKiB);
  for (uint64_t number = 1; number <= 4; number++) ASSERT_FALSE(test.put(number, kKiB));
  test.tier.write_error = Error{ErrorCode::kSystem, 5, "fake"};
  test.storage.spill(numbered_id(1), 1);
  test.settle();
  EXPECT_EQ(test.news.answers.at(1), ErrorCode::kSystem);
  EXPECT_EQ(test.store.ledger().being_spilled.objects, 0u);
  for (uint64_t number = 1; number <= 4; number++) EXPECT_TRUE(test.has_content(number));
  const int writes = test.tier.writes;
  test.settle();
  EXPECT_EQ(test.tier.writes, writes);  // not at once
  test.tier.write_error.reset();
  test.step(2 * kSecond);
  test.settle();
  EXPECT_GT(test.store.ledger().spilled.objects, 0u);
  test.check();
}

TEST(Storage, errors_of_some_writes_of_a_batch_leave_the_others_safe) {
  FakeDisk disk;
  disk.capacity_bytes = 2 * kKiB;
  SpillingStore test(disk, 10 * kKiB);
  for (uint64_t number = 1; number <= 10; number++) ASSERT_FALSE(test.put(number, kKiB));
  test.settle();
  EXPECT_EQ(test.store.ledger().spilled.objects, 2u);
  EXPECT_EQ(test.store.ledger().sealed.objects, 10u);
  test.check();
}

TEST(Storage, a_full_disk_is_a_sentence_after_the_grace_and_over_once_there_is_room) {
  FakeDisk disk;
  disk.capacity_bytes = 0;
  SpillingStore test(disk, 4 * kKiB);
  for (uint64_t number = 1; number <= 4; number++) ASSERT_FALSE(test.put(number, kKiB));
  EXPECT_FALSE(
      test.admission.submit({numbered_id(5), kKiB, 0, 1}, {1, 1}, test.now_ns, kForeverNs));
  test.settle();
  EXPECT_EQ(test.storage.why_hopeless(test.now_ns), "");
  test.step(3 * kSecond);
  test.settle();
  EXPECT_NE(test.storage.why_hopeless(test.now_ns), "");
  disk.capacity_bytes = UINT64_MAX;
  test.step(2 * kSecond);
  test.settle();
  EXPECT_EQ(test.storage.why_hopeless(test.now_ns), "");
  EXPECT_EQ(test.created.size(), 1u);
}

TEST(Storage, an_object_deleted_while_it_is_spilled_leaves_nothing_behind) {
  FakeDisk disk;
  SpillingStore test(disk);
  ASSERT_FALSE(test.put(1, kKiB, 1));
  test.storage.spill(numbered_id(1), 1);
  test.step(1);
  test.remove(1);
  EXPECT_EQ(test.store.ledger().withdrawn.objects, 1u);  // its memory is the tier's
  ASSERT_FALSE(test.put(1, 2 * kKiB, 2));                // the id is free
  test.storage.spill(numbered_id(1), 2);
  test.settle();
  EXPECT_EQ(test.news.answers.at(1), ErrorCode::kCancelled);
  EXPECT_EQ(test.news.answers.at(2), std::nullopt);
  EXPECT_EQ(disk.records.size(), 1u);
  EXPECT_EQ(test.store.ledger().withdrawn.objects, 0u);
  for (uint64_t number = 2; test.in_memory(1); number++) {
    while (test.put(number, kKiB)) test.settle();
  }
  test.recall(1);
  test.settle();
  EXPECT_TRUE(test.has_content(1, 2));
  test.check();
}

TEST(Storage, an_object_deleted_while_it_is_restored_is_gone_and_its_id_free) {
  FakeDisk disk;
  SpillingStore test(disk);
  disk.records[5] = {{numbered_id(1), 7, kKiB, 0}, SpillingStore::content(1, 0, kKiB)};
  test.storage.found({{numbered_id(1), 7, kKiB, 0}, {0, 0, 5, kKiB}});
  test.recall(1);
  test.step(1);
  ASSERT_EQ(test.tier.pending(), 1u);
  test.remove(1);
  ASSERT_FALSE(test.put(1, kKiB, 9));
  test.settle();
  EXPECT_TRUE(test.has_content(1, 9));
  EXPECT_TRUE(disk.records.empty());
  EXPECT_TRUE(test.news.recalled.empty());
  EXPECT_EQ(test.store.ledger().unsealed.objects, 0u);
  test.check();
}

TEST(Storage, a_damaged_or_lost_record_is_a_distinct_error_and_costs_no_memory) {
  FakeDisk disk;
  disk.records[1] = {{numbered_id(1), 7, kKiB, 0}, SpillingStore::content(1, 0, kKiB), true};
  disk.records[2] = {{numbered_id(2), 7, kKiB, 0}, SpillingStore::content(2, 0, kKiB)};
  SpillingStore test(disk);
  disk.records.erase(2);
  test.recall(1);
  test.recall(2);
  test.settle();
  EXPECT_EQ(test.news.failed.at(numbered_id(1)).code, ErrorCode::kInvalid);
  EXPECT_EQ(test.news.failed.at(numbered_id(2)).code, ErrorCode::kNotFound);
  EXPECT_NE(test.news.failed.at(numbered_id(1)).why.find("file:///fake/0?offset=1"),
            std::string::npos);
  EXPECT_EQ(test.store.ledger().free_bytes, 64 * kKiB);
  test.check();
}

TEST(Storage, records_found_at_the_start_are_taken_ids_that_come_back) {
  FakeDisk disk;
  {
    SpillingStore before(disk);
    for (uint64_t number = 1; number <= 3; number++) {
      ASSERT_FALSE(before.put(number, kKiB));
      before.storage.spill(numbered_id(number), number);
    }
    before.settle();
    ASSERT_FALSE(before.put(4, kKiB));  // was never spilled
  }
  disk.records[100] = disk.records.begin()->second;  // a second record of one id
  SpillingStore after(disk);
  EXPECT_EQ(after.storage.spilled().totals().only_objects, 3u);
  EXPECT_EQ(disk.records.size(), 3u);
  EXPECT_EQ(after.put(1, kKiB), ErrorCode::kExists);
  for (uint64_t number = 1; number <= 3; number++) after.recall(number);
  after.settle();
  for (uint64_t number = 1; number <= 3; number++) EXPECT_TRUE(after.has_content(number));
  after.check();
}

TEST(Storage, a_restore_that_finds_no_room_ends_at_its_deadline) {
  FakeDisk disk;
  disk.records[1] = {{numbered_id(1), 7, kKiB, 0}, SpillingStore::content(1, 0, kKiB)};
  SpillingStore test(disk, 4 * kKiB);
  const auto unsealed = test.store.create({numbered_id(2), 4 * kKiB, 0, 1});
  ASSERT_TRUE(unsealed.has_value());
  test.recall(1, test.now_ns + kSecond);
  test.settle();
  EXPECT_EQ(test.admission.waiting(), 1u);
  test.step(2 * kSecond);
  EXPECT_EQ(test.admission.waiting(), 0u);
  EXPECT_EQ(test.news.failed.at(numbered_id(1)).code, ErrorCode::kOutOfMemory);
  ASSERT_TRUE(test.store.abort(unsealed->ref, 1).has_value());
  test.recall(1, test.now_ns + kSecond);
  test.settle();
  EXPECT_TRUE(test.has_content(1));
}

// A restore must never wait for a spill that waits for it: here all memory is only copies, storage
// is slow, creates and restores wait, and everything ends.
TEST(Storage, restores_and_spills_do_not_wait_for_each_other) {
  FakeDisk disk;
  for (uint64_t n = 1000; n < 1032; n++) {
    disk.records[n] = {{numbered_id(n), 7, kKiB, 0}, SpillingStore::content(n, 0, kKiB)};
  }
  disk.next_offset = 5000;
  SpillingStore test(disk, 16 * kKiB);
  for (uint64_t number = 1; number <= 16; number++) ASSERT_FALSE(test.put(number, kKiB));
  EXPECT_FALSE(
      test.admission.submit({numbered_id(99), 8 * kKiB, 0, 1}, {1, 1}, test.now_ns, kForeverNs));
  for (uint64_t n = 1000; n < 1032; n++) test.recall(n);
  for (int turn = 0; turn < 10'000 && test.news.recalled.size() < 32; turn++) {
    test.step(1);
    test.tier.complete(1);
  }
  EXPECT_EQ(test.news.recalled.size(), 32u);
  test.settle();
  EXPECT_EQ(test.created.size(), 1u);
  test.check();
}

TEST(Storage, a_clean_end_writes_all_that_could_be_lost) {
  FakeDisk disk;
  SpillingStore test(disk);
  for (uint64_t number = 1; number <= 30; number++) ASSERT_FALSE(test.put(number, kKiB));
  test.readers.clients.pin(1, test.store.find_sealed(numbered_id(3))->ref);
  ASSERT_TRUE(test.store.pin(numbered_id(4), "job").has_value());
  EXPECT_EQ(test.storage.drain(), 30u);
  test.settle();
  EXPECT_EQ(disk.records.size(), 30u);
  EXPECT_EQ(test.storage.drain(), 0u);
  test.check();
}

// Anything at any time, against a model of which ids exist with which content.
TEST(Storage, random_operations_keep_every_byte_and_every_book) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 20; round++) {
    FakeDisk disk;
    disk.capacity_bytes = round % 4 == 0 ? 40 * kKiB : UINT64_MAX;
    StorageOptions options;
    options.spiller.retry_ns = 50;
    options.spiller.in_flight_bytes_max = 1 + random() % (16 * kKiB);
    options.restorer.in_flight_bytes_max = 1 + random() % (16 * kKiB);
    auto test = std::make_unique<SpillingStore>(disk, 32 * kKiB, options);
    test->tier.random = &random;
    std::map<uint64_t, uint64_t> versions;  // of the ids that exist
    std::set<uint64_t> pinned;
    uint64_t next_version = 1;
    QuestionTag next_tag = 1;
    for (int i = 0; i < 3000; i++) {
      const uint64_t number = 1 + random() % 60;
      const ObjectId id = numbered_id(number);
      switch (random() % 12) {
        case 0:
        case 1:
        case 2: {
          const auto code = test->put(number, 1 + random() % (3 * kKiB), next_version);
          if (versions.contains(number)) {
            ASSERT_EQ(code, ErrorCode::kExists);
          } else if (!code) {
            versions[number] = next_version++;
          }
          break;
        }
        case 3: test->storage.spill(id, next_tag++); break;
        case 4:
        case 5: {
          if (test->in_memory(number)) {
            ASSERT_TRUE(versions.contains(number));
            ASSERT_TRUE(test->has_content(number, versions[number])) << number;
          } else if (versions.contains(number)) {
            ASSERT_NE(test->storage.find(id), nullptr) << number << " is lost";
          }
          test->recall(number, test->now_ns + 1 + random() % 1000);
          break;
        }
        case 6:
          if (random() % 3 == 0) {
            test->remove(number);
            versions.erase(number);
          }
          break;
        case 7:
          if (const auto placement = test->store.find_sealed(id); placement && pinned.size() < 4) {
            test->readers.clients.pin(1, placement->ref);
            pinned.insert(number);
          }
          break;
        case 8:
          test->readers.clients.release_all(1);
          pinned.clear();
          break;
        case 9: test->tier.complete(random() % 4); break;
        case 10:
          test->tier.write_error = random() % 4 == 0
                                       ? std::optional(Error{ErrorCode::kSystem, 5, "fake"})
                                       : std::nullopt;
          test->tier.restore_error = random() % 8 == 0
                                         ? std::optional(Error{ErrorCode::kSystem, 5, "fake"})
                                         : std::nullopt;
          break;
        default: test->step(random() % 100);
      }
      if (i % 100 == 0) test->check();
    }
    test->readers.clients.release_all(1);
    disk.capacity_bytes = UINT64_MAX;
    test->tier.write_error.reset();
    test->tier.restore_error.reset();
    test->settle();
    test->check();
    EXPECT_EQ(test->pins.size(), 0u);
    EXPECT_EQ(test->storage.restorer().wanted(), 0u);
    EXPECT_EQ(disk.records.size(), test->storage.spilled().totals().objects);
    EXPECT_EQ(test->news.answers.size(), next_tag - 1);
    for (const auto& [number, version] : versions) {
      if (!test->in_memory(number)) {
        test->recall(number);
        test->settle();
      }
      ASSERT_TRUE(test->has_content(number, version)) << number;
    }
  }
}

}  // namespace
}  // namespace obj
