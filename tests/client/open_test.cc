// SPDX-License-Identifier: Apache-2.0
// tests/client/open_test.cc -- obj_open() against everything that may listen on a socket. Each case
// also checks that no descriptor is left open.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <obj/obj.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <thread>

#include "tests/client/support/fake_daemon.hh"
#include "tests/client/support/fake_memory.hh"
#include "tests/client/support/listener.hh"

namespace obj::test {
namespace {

using session::Welcome;
using session::WelcomeStatus;
using testing::HasSubstr;

int open_at(const std::string& path, int32_t timeout_ms = 5000) {
  obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
  options.timeout_ms = timeout_ms;
  obj_client* client = nullptr;
  const int status = obj_open(path.c_str(), &options, &client);
  EXPECT_EQ(client != nullptr, status == OBJ_OK);
  obj_close(client);
  return status;
}

class OpenTest : public testing::Test {
 protected:
  FakeSizes sizes_;
  FakeTable table_{sizes_};
  FakeFile arena_{sizes_.arena_bytes};
  FakeSegment segment_{sizes_};
  Listener listener_;

  Welcome welcome() const { return make_welcome(sizes_, table_); }
  std::vector<int> fds() const { return welcome_fds(table_, arena_, segment_); }

  // Opens while `greet` plays the daemon's part with the accepted socket.
  int open_against(const std::function<void(int socket)>& greet) {
    const size_t fds_before = count_open_fds();
    std::thread daemon([&] {
      const UniqueFd socket = listener_.accept();
      session::Hello hello{};
      EXPECT_EQ(::recv(socket.get(), &hello, sizeof hello, 0), ssize_t{sizeof hello});
      greet(socket.get());
      char byte;
      ::recv(socket.get(), &byte, 1, 0);  // until the client leaves
    });
    const int status = open_at(listener_.path());
    daemon.join();
    EXPECT_EQ(count_open_fds(), fds_before);
    return status;
  }
  int open_with(const Welcome& sent, const std::vector<int>& sent_fds) {
    return open_against([&](int socket) { send_packet(socket, &sent, sizeof sent, sent_fds); });
  }
};

TEST_F(OpenTest, opens_and_closes) { EXPECT_EQ(open_with(welcome(), fds()), OBJ_OK); }

TEST_F(OpenTest, says_who_is_missing_when_nothing_listens) {
  EXPECT_EQ(open_at("/nonexistent/objd.sock"), OBJ_EDISCONNECTED);
  EXPECT_THAT(obj_last_error(), HasSubstr("/nonexistent/objd.sock"));
  EXPECT_THAT(obj_last_error(), HasSubstr("objd"));
}

TEST_F(OpenTest, a_stale_socket_file_is_as_good_as_none) {
  ::shutdown(listener_.fd(), SHUT_RDWR);
  EXPECT_EQ(open_at(listener_.path()), OBJ_EDISCONNECTED);
}

TEST_F(OpenTest, refuses_a_path_that_is_too_long_or_empty) {
  EXPECT_EQ(open_at(std::string(200, 'x')), OBJ_EINVAL);
  EXPECT_EQ(open_at(""), OBJ_EINVAL);
}

TEST_F(OpenTest, refuses_a_stream_socket) {
  const Listener stream(SOCK_STREAM);
  EXPECT_EQ(open_at(stream.path()), OBJ_EREFUSED);
}

TEST_F(OpenTest, hands_on_what_the_daemon_says_when_it_refuses) {
  Welcome refusal = welcome();
  refusal.status = WelcomeStatus::kLimit;
  std::strcpy(refusal.text, "1000 clients are connected");
  EXPECT_EQ(open_with(refusal, {}), OBJ_EREFUSED);
  EXPECT_THAT(obj_last_error(), HasSubstr("1000 clients are connected"));
}

TEST_F(OpenTest, refuses_a_refusal_text_without_an_end) {
  Welcome refusal = welcome();
  refusal.status = WelcomeStatus::kSystem;
  std::memset(refusal.text, 'x', sizeof refusal.text);
  EXPECT_EQ(open_with(refusal, {}), OBJ_EREFUSED);
}

TEST_F(OpenTest, names_both_versions_when_they_differ) {
  Welcome other = welcome();
  other.version = 9;
  EXPECT_EQ(open_with(other, fds()), OBJ_EREFUSED);
  EXPECT_THAT(obj_last_error(), HasSubstr("version 9"));
  // A welcome of that version may be of another size.
  EXPECT_EQ(open_against([&](int socket) { send_packet(socket, &other, 16, {}); }), OBJ_EREFUSED);
  EXPECT_THAT(obj_last_error(), HasSubstr("version 9"));
}

TEST_F(OpenTest, refuses_garbage_of_any_size) {
  const std::string garbage(4000, '\xa5');
  for (const size_t size : {size_t{1}, size_t{6}, sizeof(Welcome), garbage.size()}) {
    EXPECT_EQ(open_against([&](int socket) { send_packet(socket, garbage.data(), size, fds()); }),
              OBJ_EREFUSED);
  }
}

TEST_F(OpenTest, refuses_too_few_and_too_many_descriptors) {
  auto few = fds();
  few.pop_back();
  EXPECT_EQ(open_with(welcome(), few), OBJ_EREFUSED);
  EXPECT_EQ(open_with(welcome(), {}), OBJ_EREFUSED);
  auto many = fds();
  many.insert(many.end(), 60, many[0]);
  EXPECT_EQ(open_with(welcome(), many), OBJ_EREFUSED);
}

TEST_F(OpenTest, refuses_files_that_are_shorter_than_the_welcome_says) {
  Welcome wrong = welcome();
  wrong.arena_bytes += 4096;
  EXPECT_EQ(open_with(wrong, fds()), OBJ_EREFUSED);
  EXPECT_THAT(obj_last_error(), HasSubstr("arena"));
  wrong = welcome();
  wrong.control_bytes += 4096;
  EXPECT_EQ(open_with(wrong, fds()), OBJ_EREFUSED);
  wrong = welcome();
  wrong.pins_max *= 100;  // the session segment is too short for them
  EXPECT_EQ(open_with(wrong, fds()), OBJ_EREFUSED);
}

TEST_F(OpenTest, refuses_numbers_out_of_range) {
  const auto refused = [&](auto&& change) {
    Welcome wrong = welcome();
    change(wrong);
    return open_with(wrong, fds()) == OBJ_EREFUSED;
  };
  EXPECT_TRUE(refused([](Welcome& wrong) { wrong.requests_max = 0; }));
  EXPECT_TRUE(refused([](Welcome& wrong) { wrong.requests_max = 48; }));
  EXPECT_TRUE(refused([](Welcome& wrong) { wrong.requests_max = 1u << 31; }));
  EXPECT_TRUE(refused([](Welcome& wrong) { wrong.pins_max = 0; }));
  EXPECT_TRUE(refused([](Welcome& wrong) { wrong.pins_max = UINT32_MAX; }));
  EXPECT_TRUE(refused([](Welcome& wrong) { wrong.page_bytes = 0; }));
  EXPECT_TRUE(refused([](Welcome& wrong) { wrong.page_bytes = 4097; }));
  EXPECT_TRUE(refused([](Welcome& wrong) { wrong.page_bytes = 1u << 31; }));
  EXPECT_TRUE(refused([](Welcome& wrong) { wrong.arena_bytes = 0; }));
  EXPECT_TRUE(refused([](Welcome& wrong) { wrong.arena_bytes = UINT64_MAX; }));
  EXPECT_TRUE(refused([](Welcome& wrong) { wrong.control_bytes = 100; }));
}

TEST_F(OpenTest, refuses_a_control_segment_that_is_none) {
  table_.header().magic = 1;
  EXPECT_EQ(open_with(welcome(), fds()), OBJ_EREFUSED);
  table_.header().magic = kControlMagic;
  table_.header().version = 99;
  EXPECT_EQ(open_with(welcome(), fds()), OBJ_EREFUSED);
  EXPECT_THAT(obj_last_error(), HasSubstr("version"));
  table_.header().version = kControlVersion;
  table_.header().slot_count = UINT32_MAX;
  EXPECT_EQ(open_with(welcome(), fds()), OBJ_EREFUSED);
}

TEST_F(OpenTest, notices_a_daemon_that_hangs_up_instead_of_answering) {
  EXPECT_EQ(open_against([](int socket) { ::shutdown(socket, SHUT_RDWR); }), OBJ_EDISCONNECTED);
}

TEST_F(OpenTest, gives_up_on_a_daemon_that_does_not_answer) {
  const size_t fds_before = count_open_fds();
  EXPECT_EQ(open_at(listener_.path(), 20), OBJ_ETIMEOUT);  // nobody even accepts
  EXPECT_EQ(count_open_fds(), fds_before);
}

TEST_F(OpenTest, gives_up_when_the_backlog_is_full) {
  std::vector<UniqueFd> waiting;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, listener_.path().c_str());
  while (true) {
    UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) break;
    waiting.push_back(std::move(socket));
  }
  EXPECT_EQ(open_at(listener_.path(), 20), OBJ_ETIMEOUT);
}

TEST_F(OpenTest, refuses_null_arguments) {
  EXPECT_EQ(obj_open(listener_.path().c_str(), nullptr, nullptr), OBJ_EINVAL);
  obj_close(nullptr);
}

TEST_F(OpenTest, maps_the_arena_of_a_read_only_client_read_only) {
  sizes_.pins_max = 32;
  FakeDaemon daemon(sizes_);
  obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
  options.flags = OBJ_READ_ONLY;
  obj_client* client = nullptr;
  ASSERT_EQ(obj_open(daemon.path().c_str(), &options, &client), OBJ_OK);
  obj_id id{};
  obj_buffer buffer{};
  obj_request* request = nullptr;
  EXPECT_EQ(obj_put(client, &id, "x", 1, nullptr, 0, 0), OBJ_EREADONLY);
  EXPECT_EQ(obj_create(client, &id, 1, 0, 0, &buffer), OBJ_EREADONLY);
  EXPECT_EQ(obj_put_async(client, &id, "x", 1, nullptr, 0, 0, &request), OBJ_EREADONLY);
  EXPECT_EQ(obj_delete(client, &id), OBJ_EREADONLY);
  EXPECT_EQ(obj_pin(client, &id, "me"), OBJ_EREADONLY);
  EXPECT_EQ(daemon.seen(session::RequestOp::kCreate), 0u);

  daemon.add_object(ObjectId{}, "bytes", "");
  obj_view view;
  ASSERT_EQ(obj_get(client, &id, 0, &view), OBJ_OK);
  // The kernel, asked to write there, says whether it may.
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  ASSERT_EQ(::write(pipe[1], "X", 1), 1);
  EXPECT_EQ(::read(pipe[0], const_cast<void*>(view.data), 1), -1);
  EXPECT_EQ(errno, EFAULT);
  ::close(pipe[0]);
  ::close(pipe[1]);
  EXPECT_EQ(obj_release(client, &view), OBJ_OK);
  obj_close(client);
}

}  // namespace
}  // namespace obj::test
