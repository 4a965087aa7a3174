// SPDX-License-Identifier: Apache-2.0
// tests/client/looking_test.cc -- obj_list() over a table that moves, obj_status() over a socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <obj/obj.h>
#include <sys/socket.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/memory_file.hh"
#include "client/object_list.hh"
#include "client/session/hello.hh"
#include "client/status_channel.hh"
#include "tests/client/support/fake_daemon.hh"
#include "tests/client/support/open_client.hh"

namespace obj::test {
namespace {

using testing::HasSubstr;

TEST(List, lists_everything_in_pieces_and_ends_with_cursor_zero) {
  FakeDaemon daemon;
  const ClientHandle client = open_client(daemon.path());
  for (int i = 0; i < 100; i++) {
    daemon.add_object(object_id(id_named(std::to_string(i))),
                      std::string(static_cast<size_t>(i), 'x'), "m");
  }
  const obj_id creating = id_named("creating");
  obj_buffer buffer;
  ASSERT_EQ(obj_create(client.get(), &creating, 7, 0, 0, &buffer), OBJ_OK);

  std::set<ObjectId> seen;
  uint64_t cursor = 0;
  do {
    obj_info infos[7];
    size_t count = 0;
    ASSERT_EQ(obj_list(client.get(), &cursor, infos, 7, &count), OBJ_OK);
    for (size_t i = 0; i < count; i++) {
      EXPECT_TRUE(seen.insert(object_id(infos[i].id)).second);
      if (object_id(infos[i].id) == object_id(creating)) {
        EXPECT_EQ(infos[i].state, uint32_t{OBJ_STATE_CREATING});
        EXPECT_EQ(infos[i].data_bytes, 7u);
      } else {
        EXPECT_EQ(infos[i].state, uint32_t{OBJ_STATE_SEALED});
        EXPECT_EQ(infos[i].metadata_bytes, 1u);
      }
    }
  } while (cursor != 0);
  EXPECT_EQ(seen.size(), 101u);
}

TEST(List, refuses_a_cursor_that_it_never_gave) {
  FakeDaemon daemon;
  const ClientHandle client = open_client(daemon.path());
  uint64_t cursor = 1u << 30;
  obj_info info;
  size_t count = 0;
  EXPECT_EQ(obj_list(client.get(), &cursor, &info, 1, &count), OBJ_EINVAL);
  cursor = 0;
  EXPECT_EQ(obj_list(client.get(), &cursor, nullptr, 0, &count), OBJ_OK);
  EXPECT_EQ(count, 0u);
}

// The writer gives one slot to ever new objects, with a size that tells which.
TEST(List, never_mixes_two_objects_of_one_slot) {
  constexpr FakeSizes kSizes{.requests_max = 16, .pins_max = 8, .slots = 4, .arena_bytes = 1 << 20};
  FakeTable table(kSizes);
  const auto view =
      TableView::over({reinterpret_cast<const std::byte*>(&table.header()), table.size_bytes()})
          .value();
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t generation = 1; !stop; generation++) {
      ObjectId id;
      std::memcpy(id.bytes.data(), &generation, sizeof generation);
      table.publish(0, id, generation, SlotState::kSealed, 0, generation, 0);
      table.unlink(0);
    }
  });
  int listed = 0;
  for (int i = 0; i < 200'000 || listed == 0; i++) {
    obj_info info;
    uint64_t cursor = 0;
    if (client::list_objects(view, cursor, {&info, 1}) == 0) continue;
    uint64_t named = 0;
    std::memcpy(&named, info.id.bytes, sizeof named);
    EXPECT_EQ(info.data_bytes, named);
    EXPECT_EQ(info.generation, named);
    if (HasFailure()) break;
    listed++;
  }
  stop = true;
  writer.join();
}

constexpr session::StatusQuery kPlain{session::kStatusMagic, session::StatusTopic::kStatus, {}};
constexpr session::StatusQuery kAudit{
    session::kStatusMagic, session::StatusTopic::kStatusAudit, {}};

class StatusChannelTest : public testing::Test {
 protected:
  StatusChannelTest() {
    int sockets[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets), 0);
    daemon_ = UniqueFd(sockets[0]);
    client_ = UniqueFd(sockets[1]);
  }

  void reply(const std::string& text, uint64_t text_bytes) {
    const UniqueFd file = create_memory_file("status", 4096, PageSize::kSystem).value();
    EXPECT_EQ(::pwrite(file.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    const session::StatusReply head{session::kStatusMagic, 0, text_bytes};
    send_packet(daemon_.get(), &head, sizeof head, {file.get()});
  }
  void reply(const std::string& text) { reply(text, text.size()); }
  bool take_query() {
    session::StatusQuery query{};
    return ::recv(daemon_.get(), &query, sizeof query, 0) == ssize_t{sizeof query} &&
           query.magic == session::kStatusMagic;
  }

  UniqueFd daemon_{-1};
  UniqueFd client_{-1};
};

TEST_F(StatusChannelTest, copies_what_fits_and_says_how_much_there_is) {
  client::StatusChannel channel(client_.get(), 5'000'000'000);
  size_t needed = 0;
  char text[8];
  reply("{\"a\": 1234}");
  EXPECT_EQ(channel.query(kPlain, text, sizeof text, needed), OBJ_OK);
  EXPECT_EQ(needed, 12u);
  EXPECT_STREQ(text, "{\"a\": 1");
  reply("{}");
  EXPECT_EQ(channel.query(kAudit, nullptr, 0, needed), OBJ_OK);
  EXPECT_EQ(needed, 3u);
}

TEST_F(StatusChannelTest, skips_the_reply_that_an_earlier_caller_gave_up_on) {
  client::StatusChannel impatient(client_.get(), 5'000'000);
  size_t needed = 0;
  char text[16];
  EXPECT_EQ(impatient.query(kPlain, text, sizeof text, needed), OBJ_ETIMEOUT);
  reply("stale");
  reply("fresh");
  EXPECT_EQ(impatient.query(kPlain, text, sizeof text, needed), OBJ_OK);
  EXPECT_STREQ(text, "fresh");
}

TEST_F(StatusChannelTest, sends_one_query_at_a_time) {
  client::StatusChannel impatient(client_.get(), 1'000'000);
  size_t needed = 0;
  for (int i = 0; i < 5; i++) EXPECT_EQ(impatient.query(kPlain, nullptr, 0, needed), OBJ_ETIMEOUT);
  EXPECT_TRUE(take_query());
  char byte;
  EXPECT_EQ(::recv(daemon_.get(), &byte, 1, MSG_DONTWAIT), -1);
}

TEST_F(StatusChannelTest, refuses_replies_that_lie) {
  client::StatusChannel channel(client_.get(), 5'000'000'000);
  size_t needed = 0;
  char text[16];
  const size_t fds_before = count_open_fds();
  reply("short", 5000);  // longer than its file
  EXPECT_EQ(channel.query(kPlain, text, sizeof text, needed), OBJ_ESYSTEM);
  reply("short", UINT64_MAX);
  EXPECT_EQ(channel.query(kPlain, text, sizeof text, needed), OBJ_ESYSTEM);
  session::StatusReply head{session::kStatusMagic, 0, 2};
  send_packet(daemon_.get(), &head, sizeof head, {});
  EXPECT_EQ(channel.query(kPlain, text, sizeof text, needed), OBJ_ESYSTEM);
  head.error = ENOMEM;
  send_packet(daemon_.get(), &head, sizeof head, {});
  EXPECT_EQ(channel.query(kPlain, text, sizeof text, needed), OBJ_ESYSTEM);
  EXPECT_THAT(obj_last_error(), HasSubstr("Cannot allocate memory"));
  send_packet(daemon_.get(), "x", 1, {client_.get()});
  EXPECT_EQ(channel.query(kPlain, text, sizeof text, needed), OBJ_ESYSTEM);
  EXPECT_EQ(count_open_fds(), fds_before);
}

TEST_F(StatusChannelTest, notices_the_end_of_the_daemon) {
  client::StatusChannel channel(client_.get(), 5'000'000'000);
  daemon_ = UniqueFd(-1);
  size_t needed = 0;
  EXPECT_EQ(channel.query(kPlain, nullptr, 0, needed), OBJ_EDISCONNECTED);
}

}  // namespace
}  // namespace obj::test
