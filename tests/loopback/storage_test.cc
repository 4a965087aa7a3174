// SPDX-License-Identifier: Apache-2.0
// tests/loopback/storage_test.cc -- objects that leave memory for disk and come back, as clients
// see it.
//
// Method: a real objd with 16 MiB and a spill_directory, given several times as much; killed,
// started again, its files damaged.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/program.hh"
#include "tests/loopback/support/temp_dir.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr int32_t kPatienceMs = 20'000;

class OnDisk : public testing::Test {
 protected:
  static std::vector<std::string> flags(const TempDir& directory) {
    return {"--spill-directory", directory.path().string()};
  }
  static obj_id numbered(uint64_t number) { return id_of("object " + std::to_string(number)); }

  void put_all(uint64_t count, size_t size) {
    for (uint64_t number = 0; number < count; number++) {
      ASSERT_THAT(put(client_, numbered(number), pattern(size, number), {}, kPatienceMs),
                  Gives(OBJ_OK))
          << number;
    }
  }
  void expect_content(const Client& client, uint64_t number, size_t size) {
    obj_view view{};
    ASSERT_THAT(get(client, numbered(number), view, kPatienceMs), Gives(OBJ_OK)) << number;
    EXPECT_TRUE(data_of(view) == pattern(size, number)) << number;
    EXPECT_THAT(obj_release(client.get(), &view), Gives(OBJ_OK));
  }
  bool is_in_memory(uint64_t number) {
    obj_info info{};
    const obj_id id = numbered(number);
    return obj_stat(client_.get(), &id, &info) == OBJ_OK && info.state == OBJ_STATE_SEALED;
  }

  TempDir directory_;
  ObjdProcess objd_{flags(directory_)};
  Client client_ = objd_.open();
};

TEST_F(OnDisk, three_times_the_arena_comes_back_byte_exact_round_robin) {
  constexpr size_t kSize = kMiB;
  put_all(48, kSize);
  for (int round = 0; round < 2; round++) {
    for (uint64_t number = 0; number < 48; number++) expect_content(client_, number, kSize);
  }
  const auto status = status_of(client_, true);
  EXPECT_EQ(status["audit"]["agrees"], true);
  EXPECT_LE(status["storage"]["spilled_objects"], 48);  // none was written twice
  EXPECT_EQ(status["counters"]["out_of_memory"], 0);
}

TEST_F(OnDisk, small_objects_of_all_sizes_come_back_byte_exact) {
  constexpr uint64_t kCount = 3000;  // of 24 KiB at most: more than twice the arena
  const auto size = [](uint64_t number) { return static_cast<size_t>(number * 7919 % 24'576); };
  for (uint64_t number = 0; number < kCount; number++) {
    ASSERT_THAT(put(client_, numbered(number), pattern(size(number), number), {}, kPatienceMs),
                Gives(OBJ_OK));
  }
  for (uint64_t i = 0; i < kCount; i++) {
    const uint64_t number = i * 1223 % kCount;
    expect_content(client_, number, size(number));
  }
}

TEST_F(OnDisk, a_multi_get_brings_what_fits_and_refuses_what_does_not) {
  put_all(40, kMiB);
  std::vector<obj_id> ids;
  for (uint64_t number = 0; number < 10; number++) ids.push_back(numbered(number));
  std::vector<obj_view> views(40);
  std::vector<int> statuses(40);
  ASSERT_THAT(
      obj_get_many(client_.get(), ids.data(), 10, kPatienceMs, views.data(), statuses.data()),
      Gives(OBJ_OK));
  for (uint64_t number = 0; number < 10; number++) {
    EXPECT_TRUE(data_of(views[number]) == pattern(kMiB, number));
  }
  EXPECT_THAT(obj_release_many(client_.get(), views.data(), 10), Gives(OBJ_OK));
  for (uint64_t number = 10; number < 40; number++) ids.push_back(numbered(number));
  EXPECT_NE(obj_get_many(client_.get(), ids.data(), 40, kPatienceMs, views.data(), statuses.data()),
            OBJ_OK);
  EXPECT_THAT(statuses, testing::Contains(OBJ_ETOOLARGE));
  obj_release_many(client_.get(), views.data(), 40);
  expect_content(client_, 0, kMiB);
}

TEST_F(OnDisk, what_was_acknowledged_is_there_after_a_kill) {
  put_all(40, kMiB);
  for (uint64_t number = 0; number < 40; number += 3) {
    const obj_id id = numbered(number);
    ASSERT_THAT(obj_spill(client_.get(), &id), Gives(OBJ_OK)) << number;
  }
  objd_.kill();
  objd_.restart();
  const Client again = objd_.open();
  for (uint64_t number = 0; number < 40; number += 3) expect_content(again, number, kMiB);
}

TEST_F(OnDisk, a_kill_at_any_time_loses_nothing_that_was_acknowledged) {
  uint64_t number = 0;
  for (int life = 0; life < 5; life++) {
    std::vector<uint64_t> acknowledged;
    for (int i = 0; i < 10; i++, number++) {
      ASSERT_THAT(put(client_, numbered(number), pattern(300'000, number), {}, kPatienceMs),
                  Gives(OBJ_OK));
      const obj_id id = numbered(number);
      if (i % 2 == 0 && obj_spill(client_.get(), &id) == OBJ_OK) acknowledged.push_back(number);
    }
    objd_.kill();
    objd_.restart();
    client_ = objd_.open();
    for (const uint64_t each : acknowledged) expect_content(client_, each, 300'000);
  }
}

TEST_F(OnDisk, spill_restore_stat_and_delete) {
  const obj_id id = numbered(1);
  ASSERT_THAT(put(client_, id, pattern(kMiB, 1)), Gives(OBJ_OK));
  ASSERT_THAT(obj_spill(client_.get(), &id), Gives(OBJ_OK));
  ASSERT_THAT(obj_spill(client_.get(), &id), Gives(OBJ_OK));  // it is there
  for (uint64_t number = 100; is_in_memory(1); number++) {
    ASSERT_THAT(put(client_, numbered(number), pattern(kMiB, number), {}, kPatienceMs),
                Gives(OBJ_OK));
  }
  obj_info info{};
  ASSERT_THAT(obj_stat(client_.get(), &id, &info), Gives(OBJ_OK));
  EXPECT_EQ(info.state, static_cast<uint32_t>(OBJ_STATE_SPILLED));
  EXPECT_EQ(info.data_bytes, kMiB);
  EXPECT_TRUE(contains(client_, id));
  EXPECT_THAT(put(client_, id, "again"), Gives(OBJ_EEXISTS));
  ASSERT_THAT(obj_restore(client_.get(), &id, kPatienceMs), Gives(OBJ_OK));
  EXPECT_TRUE(is_in_memory(1));
  ASSERT_THAT(obj_delete(client_.get(), &id), Gives(OBJ_OK));
  EXPECT_THAT(obj_stat(client_.get(), &id, &info), Gives(OBJ_ENOTFOUND));
  EXPECT_FALSE(contains(client_, id));
  EXPECT_THAT(obj_restore(client_.get(), &id, kPatienceMs), Gives(OBJ_ENOTFOUND));
  ASSERT_THAT(put(client_, id, pattern(100, 9), {}, kPatienceMs), Gives(OBJ_OK));
}

TEST_F(OnDisk, ids_deleted_and_put_again_while_they_are_spilled) {
  const obj_id id = numbered(1);
  for (uint64_t version = 0; version < 30; version++) {
    ASSERT_THAT(put(client_, id, pattern(kMiB, version), {}, kPatienceMs), Gives(OBJ_OK));
    for (uint64_t other = 0; other < 3; other++) {
      ASSERT_THAT(
          put(client_, numbered(1000 + version * 3 + other), pattern(kMiB, other), {}, kPatienceMs),
          Gives(OBJ_OK));
    }
    obj_view view{};
    ASSERT_THAT(get(client_, id, view, kPatienceMs), Gives(OBJ_OK));
    EXPECT_TRUE(data_of(view) == pattern(kMiB, version));
    obj_release(client_.get(), &view);
    ASSERT_THAT(obj_delete(client_.get(), &id), Gives(OBJ_OK));
  }
  EXPECT_EQ(status_of(client_, true)["audit"]["agrees"], true);
}

TEST_F(OnDisk, a_flipped_bit_is_an_error_of_its_own) {
  const obj_id id = numbered(1);
  const std::string data = pattern(kMiB, 1);
  ASSERT_THAT(put(client_, id, data), Gives(OBJ_OK));
  ASSERT_THAT(obj_spill(client_.get(), &id), Gives(OBJ_OK));
  for (uint64_t number = 100; is_in_memory(1); number++) {
    ASSERT_THAT(put(client_, numbered(number), pattern(kMiB, number), {}, kPatienceMs),
                Gives(OBJ_OK));
  }
  // Wherever the record is: the file that holds its bytes gets another one.
  bool is_flipped = false;
  for (const auto& file : std::filesystem::directory_iterator(directory_.path())) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    const size_t at = bytes.find(data.substr(0, 64));
    if (at == std::string::npos) continue;
    const int fd = ::open(file.path().c_str(), O_WRONLY);
    const char flipped = static_cast<char>(bytes[at + 500] ^ 1);
    is_flipped = ::pwrite(fd, &flipped, 1, static_cast<off_t>(at + 500)) == 1 && ::fsync(fd) == 0;
    ::close(fd);
  }
  ASSERT_TRUE(is_flipped);
  obj_view view{};
  EXPECT_THAT(get(client_, id, view, kPatienceMs), Gives(OBJ_EDAMAGED));
  EXPECT_NE(std::string(obj_last_error()).find("file://"), std::string::npos);
  EXPECT_THAT(obj_restore(client_.get(), &id, kPatienceMs), Gives(OBJ_EDAMAGED));
  expect_content(client_, 100, kMiB);
}

TEST_F(OnDisk, two_daemons_on_one_directory_are_one_too_many) {
  std::vector<std::string> argv = objd_.argv();
  for (size_t i = 0; i < argv.size(); i++) {
    if (argv[i] == "--socket") argv[i + 1] += "2";
  }
  const ProgramEnd second = run_program(argv);
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_NE(second.output.find("spill_directory"), std::string::npos) << second.output;
  put_all(30, kMiB);
  expect_content(client_, 0, kMiB);
}

TEST(Compression, what_gets_smaller_and_what_does_not_comes_back) {
  for (const char* const codec : {"lz4", "zstd"}) {
    TempDir directory;
    ObjdProcess objd(
        {"--spill-directory", directory.path().string(), "--spill-compression", codec});
    const Client client = objd.open();
    const auto content = [](uint64_t number) {
      return number % 2 == 0 ? std::string(kMiB, static_cast<char>(number)) : pattern(kMiB, number);
    };
    for (uint64_t number = 0; number < 40; number++) {
      ASSERT_THAT(put(client, id_of(std::to_string(number)), content(number), {}, kPatienceMs),
                  Gives(OBJ_OK));
    }
    for (uint64_t number = 0; number < 40; number++) {
      obj_view view{};
      ASSERT_THAT(get(client, id_of(std::to_string(number)), view, kPatienceMs), Gives(OBJ_OK));
      EXPECT_TRUE(data_of(view) == content(number)) << codec << " " << number;
      obj_release(client.get(), &view);
    }
  }
}

TEST(DrainToDisk, a_planned_restart_loses_nothing) {
  TempDir directory;
  ObjdProcess objd({"--spill-directory", directory.path().string(), "--drain-to-disk", "true"});
  {
    const Client client = objd.open();
    for (uint64_t number = 0; number < 10; number++) {
      ASSERT_THAT(put(client, id_of(std::to_string(number)), pattern(kMiB + number, number)),
                  Gives(OBJ_OK));
    }
  }
  EXPECT_EQ(objd.terminate(), 0);
  objd.restart();
  const Client client = objd.open();
  for (uint64_t number = 0; number < 10; number++) {
    obj_view view{};
    ASSERT_THAT(get(client, id_of(std::to_string(number)), view, kPatienceMs), Gives(OBJ_OK));
    EXPECT_TRUE(data_of(view) == pattern(kMiB + number, number));
    obj_release(client.get(), &view);
  }
}

TEST(NoStorage, spill_says_so) {
  ObjdProcess objd;
  const Client client = objd.open();
  const obj_id id = id_of("a");
  ASSERT_THAT(put(client, id, "a"), Gives(OBJ_OK));
  EXPECT_THAT(obj_spill(client.get(), &id), Gives(OBJ_EUNAVAILABLE));
  EXPECT_NE(std::string(obj_last_error()).find("spill_directory"), std::string::npos);
}

}  // namespace
}  // namespace obj
