// SPDX-License-Identifier: Apache-2.0
// tests/loopback/objects_test.cc -- put, create, seal, get and release, through the public API.
//
// Method: a node on a thread of this process, and clients of it; sizes and ids at their edges.
#include <gtest/gtest.h>

#include <array>
#include <cstring>

#include "tests/loopback/support/client.hh"
#include "tests/loopback/support/in_process_node.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

class Objects : public testing::Test {
 protected:
  uint64_t free_bytes() { return status_of(client_)["arena"]["free_bytes"]; }

  InProcessNode node_;
  Client client_ = node_.open();
};

bool is_aligned(const void* address, size_t align_bytes) {
  return reinterpret_cast<uintptr_t>(address) % align_bytes == 0;
}

constexpr size_t kDataSizes[] = {0, 1, 63, 64, 65, 1024, 4032, 4095, 4096, 4097, 65536, 1048577};
constexpr size_t kMetadataSizes[] = {0, 1, 8, 100, 5000};

TEST_F(Objects, return_the_bytes_that_were_put_at_every_size) {
  uint64_t seed = 0;
  for (const size_t data_bytes : kDataSizes) {
    for (const size_t metadata_bytes : kMetadataSizes) {
      const std::string data = pattern(data_bytes, ++seed);
      const std::string metadata = pattern(metadata_bytes, ++seed);
      const obj_id id = id_of(std::to_string(seed));
      ASSERT_THAT(put(client_, id, data, metadata), Gives(OBJ_OK));
      obj_view view{};
      ASSERT_THAT(get(client_, id, view), Gives(OBJ_OK));
      EXPECT_TRUE(data_of(view) == data) << data_bytes << " bytes differ";
      EXPECT_TRUE(metadata_of(view) == metadata) << metadata_bytes << " bytes differ";
      EXPECT_TRUE(is_aligned(view.data, data_bytes < 4096 ? 64 : 4096)) << data_bytes;
      EXPECT_TRUE(is_aligned(view.metadata, 8)) << metadata_bytes;
      EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
    }
  }
  EXPECT_TRUE(is_at_rest(client_, seed / 2));
}

TEST_F(Objects, may_be_empty_but_have_addresses) {
  const obj_id id = id_of("empty");
  ASSERT_THAT(obj_put(client_.get(), &id, nullptr, 0, nullptr, 0, 0), Gives(OBJ_OK));
  obj_view view{};
  ASSERT_THAT(get(client_, id, view), Gives(OBJ_OK));
  EXPECT_EQ(view.data_bytes, 0u);
  EXPECT_EQ(view.metadata_bytes, 0u);
  EXPECT_NE(view.data, nullptr);
  EXPECT_NE(view.metadata, nullptr);
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
}

TEST_F(Objects, may_have_metadata_alone) {
  ASSERT_THAT(put(client_, id_of("name"), "", "only this"), Gives(OBJ_OK));
  obj_view view{};
  ASSERT_THAT(get(client_, id_of("name"), view), Gives(OBJ_OK));
  EXPECT_EQ(data_of(view), "");
  EXPECT_EQ(metadata_of(view), "only this");
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
}

TEST_F(Objects, may_be_named_by_sixteen_zeros_or_sixteen_ones) {
  obj_id ones;
  std::memset(ones.bytes, 0xff, sizeof ones.bytes);
  for (const obj_id& id : {obj_id{}, ones}) {
    EXPECT_FALSE(contains(client_, id));
    ASSERT_THAT(put(client_, id, "bytes"), Gives(OBJ_OK));
    obj_view view{};
    ASSERT_THAT(get(client_, id, view), Gives(OBJ_OK));
    EXPECT_EQ(data_of(view), "bytes");
    EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
    EXPECT_THAT(obj_delete(client_.get(), &id), Gives(OBJ_OK));
    EXPECT_FALSE(contains(client_, id));
  }
}

TEST_F(Objects, may_be_as_large_as_the_arena) {
  ASSERT_THAT(put(client_, id_of("evicted for it"), "small"), Gives(OBJ_OK));
  const std::string data = pattern(InProcessNode::kArenaBytes, 1);
  ASSERT_THAT(put(client_, id_of("all"), data), Gives(OBJ_OK));
  EXPECT_EQ(free_bytes(), 0u);
  obj_view view{};
  ASSERT_THAT(get(client_, id_of("all"), view), Gives(OBJ_OK));
  EXPECT_TRUE(data_of(view) == data);
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
  EXPECT_FALSE(contains(client_, id_of("evicted for it")));
  EXPECT_TRUE(is_at_rest(client_, 1));
}

TEST_F(Objects, that_can_never_fit_are_refused_at_once) {
  struct Case {
    uint64_t data_bytes, metadata_bytes;
  };
  constexpr uint64_t kAll = InProcessNode::kArenaBytes;
  for (const auto [data_bytes, metadata_bytes] :
       {Case{kAll + 1, 0}, Case{kAll, 1}, Case{kAll - 8, 9}, Case{UINT64_MAX, 0},
        Case{UINT64_MAX - 7, 8}, Case{UINT64_MAX - 64, 1}, Case{uint64_t{1} << 63, 0},
        Case{0, OBJ_METADATA_BYTES_MAX}}) {
    obj_buffer buffer{};
    const obj_id id = id_of("never");
    EXPECT_THAT(obj_create(client_.get(), &id, data_bytes, metadata_bytes, OBJ_FOREVER, &buffer),
                Gives(OBJ_ETOOLARGE))
        << data_bytes << " + " << metadata_bytes;
  }
  EXPECT_TRUE(is_at_rest(client_, 0));
}

TEST_F(Objects, of_an_id_exist_once) {
  const obj_id id = id_of("one");
  obj_buffer buffer{};
  ASSERT_THAT(obj_create(client_.get(), &id, 10, 0, 0, &buffer), Gives(OBJ_OK));
  const Client other = node_.open();
  EXPECT_THAT(put(other, id, "second"), Gives(OBJ_EEXISTS));
  std::memcpy(buffer.data, "the first!", 10);
  ASSERT_THAT(obj_seal(client_.get(), &buffer), Gives(OBJ_OK));
  EXPECT_THAT(put(other, id, "third"), Gives(OBJ_EEXISTS));
  EXPECT_THAT(put(other, id, pattern(100'000, 1)), Gives(OBJ_EEXISTS));
  obj_view view{};
  ASSERT_THAT(get(other, id, view), Gives(OBJ_OK));
  EXPECT_EQ(data_of(view), "the first!");
  EXPECT_THAT(obj_release(other.get(), &view), Gives(OBJ_OK));
  EXPECT_TRUE(is_at_rest(client_, 1));
}

TEST_F(Objects, are_seen_by_nobody_before_they_are_sealed) {
  const obj_id id = id_of("hidden");
  obj_buffer buffer{};
  ASSERT_THAT(obj_create(client_.get(), &id, 8, 4, 0, &buffer), Gives(OBJ_OK));
  EXPECT_FALSE(contains(client_, id));
  obj_view view{};
  EXPECT_THAT(get(client_, id, view), Gives(OBJ_ETIMEOUT));
  EXPECT_THAT(get(client_, id_of("unknown"), view), Gives(OBJ_ENOTFOUND));
  ASSERT_THAT(obj_abort(client_.get(), &buffer), Gives(OBJ_OK));
  EXPECT_THAT(get(client_, id, view), Gives(OBJ_ENOTFOUND));
  EXPECT_THAT(put(client_, id, "again"), Gives(OBJ_OK));
}

TEST_F(Objects, are_filled_in_place) {
  const std::string data = pattern(300'000, 3);
  const std::string metadata = pattern(77, 4);
  const obj_id id = id_of("in place");
  obj_buffer buffer{};
  ASSERT_THAT(obj_create(client_.get(), &id, data.size(), metadata.size(), 0, &buffer),
              Gives(OBJ_OK));
  ASSERT_EQ(buffer.data_bytes, data.size());
  ASSERT_EQ(buffer.metadata_bytes, metadata.size());
  std::memcpy(buffer.data, data.data(), data.size());
  std::memcpy(buffer.metadata, metadata.data(), metadata.size());
  ASSERT_THAT(obj_seal(client_.get(), &buffer), Gives(OBJ_OK));
  EXPECT_THAT(obj_seal(client_.get(), &buffer), Gives(OBJ_EINVAL));
  EXPECT_THAT(obj_abort(client_.get(), &buffer), Gives(OBJ_EINVAL));
  obj_view view{};
  ASSERT_THAT(get(client_, id, view), Gives(OBJ_OK));
  EXPECT_TRUE(data_of(view) == data);
  EXPECT_TRUE(metadata_of(view) == metadata);
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_OK));
  EXPECT_THAT(obj_release(client_.get(), &view), Gives(OBJ_EINVAL));
}

TEST_F(Objects, of_a_client_that_closes_are_gone_if_they_were_not_sealed) {
  Client creator = node_.open();
  const obj_id unsealed = id_of("unsealed");
  obj_buffer buffer{};
  ASSERT_THAT(obj_create(creator.get(), &unsealed, 100'000, 0, 0, &buffer), Gives(OBJ_OK));
  ASSERT_THAT(put(creator, id_of("sealed"), "stays"), Gives(OBJ_OK));
  obj_view view{};
  ASSERT_THAT(get(creator, id_of("sealed"), view), Gives(OBJ_OK));
  creator.reset();
  ASSERT_TRUE(wait_until([&] { return status_of(client_)["sessions"].size() == 1; }));
  EXPECT_TRUE(is_at_rest(client_, 1));
  EXPECT_THAT(put(client_, unsealed, "free again"), Gives(OBJ_OK));
}

}  // namespace
}  // namespace obj
