// SPDX-License-Identifier: Apache-2.0
// tests/client/objects_test.cc -- the blocking calls against a daemon that keeps the protocol.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <obj/obj.h>

#include <string>
#include <vector>

#include "tests/client/support/fake_daemon.hh"
#include "tests/client/support/open_client.hh"

namespace obj::test {
namespace {

using session::RequestOp;
using testing::HasSubstr;

class ObjectsTest : public testing::Test {
 protected:
  FakeDaemon daemon_;
  ClientHandle client_ = open_client(daemon_.path());
  obj_id id_ = id_named("an object");

  int get(const obj_id& id, obj_view& view, int32_t timeout_ms = 0) {
    return obj_get(client_.get(), &id, timeout_ms, &view);
  }
  std::string read(const obj_id& id) {
    obj_view view;
    if (get(id, view) != OBJ_OK) return obj_last_error();
    const std::string data = data_of(view);
    EXPECT_EQ(obj_release(client_.get(), &view), OBJ_OK);
    return data;
  }
};

TEST_F(ObjectsTest, put_and_get_of_every_kind_of_size) {
  for (const size_t size : {0u, 1u, 63u, 64u, 4080u, 4090u, 4096u, 5000u, 70'000u, 3'000'000u}) {
    const obj_id id = id_named("size " + std::to_string(size));
    std::string data(size, '\0');
    for (size_t i = 0; i < size; i++) data[i] = static_cast<char>(i * 7 + size);
    ASSERT_EQ(put(client_, id, data, "metadata"), OBJ_OK) << size << obj_last_error();
    obj_view view;
    ASSERT_EQ(get(id, view), OBJ_OK) << size;
    EXPECT_NE(view.data, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(view.data) % 64, 0u);
    EXPECT_EQ(data_of(view), data) << size;
    EXPECT_EQ(metadata_of(view), "metadata");
    EXPECT_EQ(obj_release(client_.get(), &view), OBJ_OK);
  }
}

TEST_F(ObjectsTest, small_puts_are_one_message_and_hits_none) {
  ASSERT_EQ(put(client_, id_, "bytes"), OBJ_OK);
  for (int i = 0; i < 100; i++) EXPECT_EQ(read(id_), "bytes");
  EXPECT_EQ(daemon_.seen(RequestOp::kPutInline), 1u);
  EXPECT_EQ(daemon_.seen(RequestOp::kCreate), 0u);
  EXPECT_EQ(daemon_.seen(RequestOp::kGet), 0u);
}

TEST_F(ObjectsTest, a_small_put_that_finds_no_room_waits_in_a_create) {
  daemon_.no_room = true;
  ASSERT_EQ(put(client_, id_, "bytes", "meta", 1000), OBJ_OK);
  EXPECT_EQ(daemon_.seen(RequestOp::kCreate), 1u);
  EXPECT_EQ(daemon_.seen(RequestOp::kSeal), 1u);
  EXPECT_EQ(read(id_), "bytes");
}

TEST_F(ObjectsTest, a_second_put_of_an_id_is_refused_with_a_reason) {
  ASSERT_EQ(put(client_, id_, "bytes"), OBJ_OK);
  EXPECT_EQ(put(client_, id_, "others"), OBJ_EEXISTS);
  EXPECT_THAT(obj_last_error(), HasSubstr("exists"));
  EXPECT_EQ(put(client_, id_, std::string(10'000, 'x')), OBJ_EEXISTS);
  EXPECT_EQ(read(id_), "bytes");
}

TEST_F(ObjectsTest, a_full_arena_is_told_with_who_holds_it) {
  const std::string much(15 << 20, 'x');
  ASSERT_EQ(put(client_, id_, much), OBJ_OK);
  EXPECT_EQ(put(client_, id_named("more"), much), OBJ_ENOMEM);
  EXPECT_THAT(obj_last_error(), HasSubstr("all of it is held by the tests"));
  EXPECT_EQ(put(client_, id_named("more"), much, {}, 20), OBJ_ENOMEM);
}

TEST_F(ObjectsTest, sizes_that_cannot_be_are_refused_here) {
  obj_buffer buffer{};
  const auto create = [&](uint64_t data_bytes, uint64_t metadata_bytes) {
    return obj_create(client_.get(), &id_, data_bytes, metadata_bytes, 0, &buffer);
  };
  EXPECT_EQ(create((16 << 20) + 1, 0), OBJ_ETOOLARGE);
  EXPECT_EQ(create(UINT64_MAX, 0), OBJ_ETOOLARGE);
  EXPECT_EQ(create(UINT64_MAX - 6, 100), OBJ_ETOOLARGE);
  EXPECT_EQ(create(0, UINT64_MAX), OBJ_EINVAL);
  EXPECT_EQ(create(0, uint64_t{OBJ_METADATA_BYTES_MAX} + 1), OBJ_EINVAL);
  EXPECT_EQ(obj_put(client_.get(), &id_, "x", UINT64_MAX, nullptr, 0, 0), OBJ_ETOOLARGE);
  EXPECT_EQ(daemon_.seen(RequestOp::kCreate), 0u);
}

TEST_F(ObjectsTest, created_objects_are_seen_when_sealed) {
  obj_buffer buffer;
  ASSERT_EQ(obj_create(client_.get(), &id_, 5, 2, 0, &buffer), OBJ_OK);
  std::memcpy(buffer.data, "bytes", 5);
  std::memcpy(buffer.metadata, "me", 2);
  obj_view view;
  EXPECT_EQ(get(id_, view), OBJ_ETIMEOUT);  // it is known, but not sealed
  int present = -1;
  EXPECT_EQ(obj_contains(client_.get(), &id_, &present), OBJ_OK);
  EXPECT_EQ(present, 0);
  ASSERT_EQ(obj_seal(client_.get(), &buffer), OBJ_OK);
  EXPECT_EQ(buffer.data, nullptr);
  ASSERT_EQ(get(id_, view), OBJ_OK);
  EXPECT_EQ(metadata_of(view), "me");
  EXPECT_EQ(obj_seal(client_.get(), &buffer), OBJ_EINVAL);  // used up
  obj_release(client_.get(), &view);
}

TEST_F(ObjectsTest, aborted_objects_are_gone) {
  obj_buffer buffer;
  ASSERT_EQ(obj_create(client_.get(), &id_, 5, 0, 0, &buffer), OBJ_OK);
  EXPECT_EQ(obj_abort(client_.get(), &buffer), OBJ_OK);
  EXPECT_EQ(obj_abort(client_.get(), &buffer), OBJ_EINVAL);
  EXPECT_EQ(put(client_, id_, "again"), OBJ_OK);
}

TEST_F(ObjectsTest, sealing_an_object_that_was_deleted_says_so_and_uses_the_buffer_up) {
  obj_buffer buffer;
  ASSERT_EQ(obj_create(client_.get(), &id_, 5, 0, 0, &buffer), OBJ_OK);
  ASSERT_EQ(obj_delete(client_.get(), &id_), OBJ_OK);
  EXPECT_EQ(obj_seal(client_.get(), &buffer), OBJ_ENOTFOUND);
  EXPECT_EQ(buffer.data, nullptr);
}

TEST_F(ObjectsTest, a_view_is_released_once_and_only_where_it_was_got) {
  FakeDaemon other_daemon;
  const ClientHandle other = open_client(other_daemon.path());
  ASSERT_EQ(put(client_, id_, "bytes"), OBJ_OK);
  obj_view view;
  ASSERT_EQ(get(id_, view), OBJ_OK);
  EXPECT_EQ(daemon_.segment().pins_held(), 1u);
  obj_view copy = view;
  EXPECT_EQ(obj_release(other.get(), &copy), OBJ_EINVAL);
  EXPECT_EQ(daemon_.segment().pins_held(), 1u);
  EXPECT_EQ(obj_release(client_.get(), &view), OBJ_OK);
  EXPECT_EQ(daemon_.segment().pins_held(), 0u);
  EXPECT_EQ(obj_release(client_.get(), &view), OBJ_EINVAL);  // emptied
  EXPECT_EQ(obj_release(client_.get(), &copy), OBJ_EINVAL);  // released through the other copy
  obj_view forged{};
  forged.private_[1] = copy.private_[1] | 0xffffffff;
  EXPECT_EQ(obj_release(client_.get(), &forged), OBJ_EINVAL);
}

TEST_F(ObjectsTest, exactly_pins_max_views_can_be_held) {
  ASSERT_EQ(put(client_, id_, "bytes"), OBJ_OK);
  std::vector<obj_view> views(64);
  for (obj_view& view : views) ASSERT_EQ(get(id_, view), OBJ_OK);
  obj_view one_more;
  EXPECT_EQ(get(id_, one_more), OBJ_ELIMIT);
  EXPECT_THAT(obj_last_error(), HasSubstr("64 views"));
  EXPECT_EQ(get(id_named("absent"), one_more), OBJ_ELIMIT);
  EXPECT_EQ(obj_release(client_.get(), &views[3]), OBJ_OK);
  EXPECT_EQ(get(id_, one_more), OBJ_OK);
  views.push_back(one_more);
  EXPECT_EQ(obj_release_many(client_.get(), views.data(), views.size()), OBJ_OK);
  EXPECT_EQ(daemon_.segment().pins_held(), 0u);
}

TEST_F(ObjectsTest, a_get_that_finds_the_object_leaving_asks_the_daemon) {
  ASSERT_EQ(put(client_, id_, "bytes"), OBJ_OK);
  daemon_.table().set_state(0, 1, SlotState::kEvicting);
  obj_view view;
  ASSERT_EQ(get(id_, view), OBJ_OK);
  EXPECT_EQ(daemon_.seen(RequestOp::kGet), 1u);
  EXPECT_EQ(data_of(view), "bytes");
  EXPECT_EQ(obj_release(client_.get(), &view), OBJ_OK);
}

TEST_F(ObjectsTest, a_get_waits_for_the_seal) {
  obj_view view;
  EXPECT_EQ(get(id_, view, 10), OBJ_ENOTFOUND);
  std::thread putter([&] {
    while (daemon_.seen(RequestOp::kGet) < 2) std::this_thread::yield();
    daemon_.add_object(object_id(id_), "late", "");
  });
  ASSERT_EQ(get(id_, view, OBJ_FOREVER), OBJ_OK);
  EXPECT_EQ(data_of(view), "late");
  EXPECT_EQ(obj_release(client_.get(), &view), OBJ_OK);
  putter.join();
  EXPECT_EQ(daemon_.segment().pins_held(), 0u);
}

TEST_F(ObjectsTest, releases_ring_when_the_daemon_waits_for_them) {
  ASSERT_EQ(put(client_, id_, "bytes"), OBJ_OK);
  obj_view view;
  ASSERT_EQ(get(id_, view), OBJ_OK);
  daemon_.freeze();
  const uint32_t rings = daemon_.rings();
  daemon_.table().header().releases_wanted = 1;
  EXPECT_EQ(obj_release(client_.get(), &view), OBJ_OK);
  uint64_t count = 0;
  const bool is_rung = ::read(daemon_.segment().bell_to_daemon.get(), &count, sizeof count) > 0 ||
                       daemon_.rings() > rings;
  EXPECT_TRUE(is_rung);
  daemon_.thaw();
}

TEST_F(ObjectsTest, uses_are_noted_for_the_daemon) {
  ASSERT_EQ(put(client_, id_, "bytes"), OBJ_OK);
  read(id_);
  uint32_t touches = 0;
  auto* const lanes =
      daemon_.segment().file.at<session::TouchLane>(daemon_.segment().layout.touches_offset);
  for (uint32_t lane = 0; lane < session::kTouchLanes; lane++) {
    touches += lanes[lane].written.load();
    if (lanes[lane].written.load() > 0) {
      EXPECT_EQ(lanes[lane].slot_plus_1[0].load(), 1u);
    }
  }
  EXPECT_EQ(touches, 1u);
}

TEST_F(ObjectsTest, deleted_objects_are_gone_and_deleting_again_is_no_error) {
  ASSERT_EQ(put(client_, id_, "bytes"), OBJ_OK);
  EXPECT_EQ(obj_delete(client_.get(), &id_), OBJ_OK);
  EXPECT_EQ(obj_delete(client_.get(), &id_), OBJ_OK);
  obj_view view;
  EXPECT_EQ(get(id_, view), OBJ_ENOTFOUND);
  EXPECT_THAT(obj_last_error(), HasSubstr(to_hex(object_id(id_))));
  EXPECT_EQ(put(client_, id_, "new"), OBJ_OK);
  EXPECT_EQ(read(id_), "new");
}

TEST_F(ObjectsTest, pins_by_owner_name) {
  EXPECT_EQ(obj_pin(client_.get(), &id_, "me"), OBJ_ENOTFOUND);
  ASSERT_EQ(put(client_, id_, "bytes"), OBJ_OK);
  EXPECT_EQ(obj_pin(client_.get(), &id_, std::string(31, 'o').c_str()), OBJ_OK);
  EXPECT_EQ(obj_unpin(client_.get(), &id_, "me"), OBJ_ENOTOWNER);
  EXPECT_THAT(obj_last_error(), HasSubstr("\"me\""));
  EXPECT_EQ(obj_unpin(client_.get(), &id_, std::string(31, 'o').c_str()), OBJ_OK);
  EXPECT_EQ(obj_pin(client_.get(), &id_, ""), OBJ_EINVAL);
  EXPECT_EQ(obj_pin(client_.get(), &id_, std::string(32, 'o').c_str()), OBJ_EINVAL);
}

TEST_F(ObjectsTest, stat_tells_what_is_known) {
  obj_info info;
  EXPECT_EQ(obj_stat(client_.get(), &id_, &info), OBJ_ENOTFOUND);
  obj_buffer buffer;
  ASSERT_EQ(obj_create(client_.get(), &id_, 9, 4, 0, &buffer), OBJ_OK);
  ASSERT_EQ(obj_stat(client_.get(), &id_, &info), OBJ_OK);
  EXPECT_EQ(info.state, uint32_t{OBJ_STATE_CREATING});
  EXPECT_EQ(info.creator_pid, ::getpid());
  ASSERT_EQ(obj_seal(client_.get(), &buffer), OBJ_OK);
  ASSERT_EQ(obj_pin(client_.get(), &id_, "me"), OBJ_OK);
  ASSERT_EQ(obj_stat(client_.get(), &id_, &info), OBJ_OK);
  EXPECT_EQ(object_id(info.id), object_id(id_));
  EXPECT_EQ(info.state, uint32_t{OBJ_STATE_SEALED});
  EXPECT_EQ(info.data_bytes, 9u);
  EXPECT_EQ(info.metadata_bytes, 4u);
  EXPECT_EQ(info.owner_pins, 1u);
  EXPECT_EQ(info.creator_pid, 0);
}

TEST_F(ObjectsTest, null_arguments_are_refused) {
  obj_view view;
  int present;
  EXPECT_EQ(obj_get(nullptr, &id_, 0, &view), OBJ_EINVAL);
  EXPECT_EQ(obj_get(client_.get(), nullptr, 0, &view), OBJ_EINVAL);
  EXPECT_EQ(obj_get(client_.get(), &id_, 0, nullptr), OBJ_EINVAL);
  EXPECT_EQ(obj_release(client_.get(), nullptr), OBJ_EINVAL);
  EXPECT_EQ(obj_put(client_.get(), &id_, nullptr, 1, nullptr, 0, 0), OBJ_EINVAL);
  EXPECT_EQ(obj_put(client_.get(), &id_, "x", 1, nullptr, 1, 0), OBJ_EINVAL);
  EXPECT_EQ(obj_contains(client_.get(), nullptr, &present), OBJ_EINVAL);
  EXPECT_EQ(obj_release_many(client_.get(), nullptr, 1), OBJ_EINVAL);
  EXPECT_EQ(obj_release_many(client_.get(), nullptr, 0), OBJ_OK);
  EXPECT_EQ(obj_wait_all(client_.get(), nullptr, 0, 0, nullptr), OBJ_OK);
}

}  // namespace
}  // namespace obj::test
