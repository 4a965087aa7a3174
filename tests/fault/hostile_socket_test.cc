// SPDX-License-Identifier: Apache-2.0
// tests/fault/hostile_socket_test.cc -- nonsense on the socket, and misuse of its descriptors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/fault/honest_witness.hh"

namespace obj {
namespace {

using session::Hello;
using session::Outcome;
using session::StatusQuery;
using session::Welcome;
using session::WelcomeStatus;
using enum session::RequestOp;

template <class T>
std::span<const std::byte> bytes_of(const T& packet) {
  return std::as_bytes(std::span(&packet, 1));
}

class HostileSocket : public HonestWitness {
 protected:
  // What a connection that starts with these bytes gets; nothing if it is just closed.
  std::optional<Welcome> answer_to(std::span<const std::byte> bytes) {
    const UniqueFd socket = connect_to(objd_.socket());
    EXPECT_TRUE(send_with_fds(socket.get(), bytes, {}));
    Welcome welcome{};
    const ssize_t size = ::recv(socket.get(), &welcome, sizeof welcome, 0);
    if (size != sizeof welcome) return std::nullopt;
    char rest = 0;
    EXPECT_EQ(::recv(socket.get(), &rest, 1, 0), 0) << "a refused connection is closed";
    return welcome;
  }

  void expect_refusal(const Hello& hello, WelcomeStatus status) {
    const auto welcome = answer_to(bytes_of(hello));
    ASSERT_TRUE(welcome.has_value());
    EXPECT_EQ(welcome->status, status);
    EXPECT_GT(::strnlen(welcome->text, sizeof welcome->text), 10u);
    EXPECT_LT(::strnlen(welcome->text, sizeof welcome->text), sizeof welcome->text);
  }

  const StatusQuery query_{session::kStatusMagic, session::StatusTopic::kStatus, {}};
};

TEST_F(HostileSocket, hello_that_is_none_is_refused) {
  const std::string garbage = pattern(100'000, 1);
  for (const size_t size : {1u, 8u, 47u, 48u, 49u, 256u, 100'000u}) {
    const auto welcome = answer_to(std::as_bytes(std::span(garbage.data(), size)));
    ASSERT_TRUE(welcome.has_value()) << size;
    EXPECT_EQ(welcome->status, WelcomeStatus::kBadHello) << size;
  }
  EXPECT_EQ(answer_to({}), std::nullopt);
}

TEST_F(HostileSocket, hello_of_another_version_or_with_impossible_wishes_is_refused) {
  Hello hello = RawClient::hello({});
  hello.version = session::kProtocolVersion + 1;
  expect_refusal(hello, WelcomeStatus::kVersion);
  for (const uint32_t requests_max : {1u, 3u, 8u, 24u, 1u << 17, 1u << 31, UINT32_MAX}) {
    expect_refusal(RawClient::hello({.requests_max = requests_max}), WelcomeStatus::kLimit);
  }
  for (const uint32_t pins_max : {session::kPinsMax + 1, 1u << 31, UINT32_MAX}) {
    expect_refusal(RawClient::hello({.pins_max = pins_max}), WelcomeStatus::kLimit);
  }
}

TEST_F(HostileSocket, name_of_any_bytes_harms_no_report) {
  Hello hello = RawClient::hello({});
  std::memset(hello.name, 0xff, sizeof hello.name);
  std::memcpy(hello.name, "\x1b[2J\n\"\\=\x01", 9);
  const UniqueFd socket = connect_to(objd_.socket());
  ASSERT_TRUE(send_with_fds(socket.get(), bytes_of(hello), {}));
  EXPECT_TRUE(wait_until([&] { return status_of(honest_)["sessions"].size() == 2; }));
  const std::string name = status_of(honest_)["sessions"][1]["name"];
  for (const char c : name) EXPECT_TRUE(c >= ' ' && c <= '~') << name;
}

TEST_F(HostileSocket, a_hundred_that_never_speak_keep_nobody_out_and_are_closed) {
  std::vector<UniqueFd> silent;
  for (int n = 0; n < 100; n++) {
    silent.push_back(connect_to(objd_.socket()));
    ASSERT_GE(silent.back().get(), 0) << n;
  }
  const Client late = objd_.open();
  EXPECT_THAT(put(late, id_of("late"), "bytes"), Gives(OBJ_OK));
  for (const UniqueFd& socket : silent) {
    EXPECT_TRUE(wait_until([&] {
      pollfd interest{socket.get(), POLLRDHUP, 0};
      return ::poll(&interest, 1, 0) > 0;
    }));
  }
}

TEST_F(HostileSocket, packets_of_a_session_that_mean_nothing_end_it) {
  const std::string garbage = pattern(100'000, 2);
  for (const size_t size : {1u, 7u, 8u, 9u, 48u, 100'000u}) {
    SCOPED_TRACE(size);
    const uint64_t before = breaches();
    const RawClient hostile(objd_.socket());
    ASSERT_TRUE(
        send_with_fds(hostile.socket(), std::as_bytes(std::span(garbage.data(), size)), {}));
    expect_ended_for_breach(hostile, before);
  }
}

TEST_F(HostileSocket, half_closed_ends_the_session_without_blame) {
  for (const int how : {SHUT_WR, SHUT_RDWR}) {
    RawClient client(objd_.socket());
    ASSERT_EQ(client.ask(create_request(0, id_, 1000)), Outcome::kOk);
    ASSERT_EQ(::shutdown(client.socket(), how), 0);
    EXPECT_TRUE(wait_until([&] { return status_of(honest_)["sessions"].size() == 1; }));
    EXPECT_TRUE(is_at_rest(honest_, 0));
  }
  EXPECT_EQ(breaches(), 0u);
}

TEST_F(HostileSocket, flood_of_status_queries_without_reading_ends_the_session) {
  const RawClient hostile(objd_.socket());
  EXPECT_TRUE(wait_until([&] {
    send_with_fds(hostile.socket(), bytes_of(query_), {});
    return hostile.is_ended();
  }));
  EXPECT_EQ(breaches(), 1u);
}

TEST_F(HostileSocket, descriptors_that_are_sent_to_the_daemon_do_not_stay_there) {
  const size_t before = objd_.descriptor_count();
  const int fds[] = {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  std::vector<UniqueFd> connections;
  for (int n = 0; n < 10; n++) {
    connections.push_back(connect_to(objd_.socket()));
    const Hello hello = RawClient::hello({});
    EXPECT_TRUE(send_with_fds(connections.back().get(), bytes_of(hello), fds));
    for (int query = 0; query < 5; query++) {
      EXPECT_TRUE(send_with_fds(connections.back().get(), bytes_of(query_), fds));
    }
  }
  EXPECT_TRUE(wait_until([&] { return status_of(honest_)["sessions"].size() == 11; }));
  // Each has a socket, a process, a segment and three descriptors of bells.
  EXPECT_TRUE(wait_until([&] { return objd_.descriptor_count() <= before + 10 * 6; }))
      << objd_.descriptor_count() - before;
  connections.clear();
}

// Sanitizers open descriptors to look at memory, so they cannot run without any.
#if !OBJ_TEST_IS_SANITIZED
// Whoever may connect can use up the daemon's descriptors. New clients then wait or are refused;
// those that are there are served, and when some leave all is well.
TEST_F(HostileSocket, crowd_that_takes_all_descriptors_stops_nobody_who_is_there) {
  const rlimit few{60, 60};
  ASSERT_EQ(::prlimit(objd_.pid(), RLIMIT_NOFILE, &few, nullptr), 0);
  std::vector<Client> crowd;
  obj_open_options options = OBJ_OPEN_OPTIONS_INIT;
  options.timeout_ms = 200;
  obj_client* client = nullptr;
  int status = OBJ_OK;
  while ((status = obj_open(objd_.socket().c_str(), &options, &client)) == OBJ_OK) {
    crowd.emplace_back(client);
    ASSERT_LT(crowd.size(), 60u);
  }
  EXPECT_THAT(crowd.size(), testing::Ge(5u));
  EXPECT_TRUE(status == OBJ_EREFUSED || status == OBJ_ETIMEOUT || status == OBJ_EDISCONNECTED)
      << obj_status_name(status);
  expect_service();
  crowd.resize(crowd.size() / 2);
  EXPECT_TRUE(wait_until([&] {
    if (obj_open(objd_.socket().c_str(), &options, &client) != OBJ_OK) return false;
    crowd.emplace_back(client);
    return true;
  }));
}

#endif

// Writes to a bell, and to a fresh descriptor of it if there is one, until no more goes in.
void fill(int bell) {
  const uint64_t most = UINT64_MAX - 1;
  [[maybe_unused]] const ssize_t counted = ::write(bell, &most, sizeof most);
  const std::string path = "/proc/self/fd/" + std::to_string(bell);
  const UniqueFd pipe(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  while (::write(pipe.get(), &most, sizeof most) > 0) continue;
}

// A descriptor's O_NONBLOCK belongs to everybody who shares it, the daemon included.
TEST_F(HostileSocket, bells_made_blocking_do_not_stop_the_daemon) {
  RawClient hostile(objd_.socket());
  for (const auto which : {session::kFdBellToDaemon, session::kFdBellToClient}) {
    const int flags = ::fcntl(hostile.fd(which), F_GETFL);
    ASSERT_EQ(::fcntl(hostile.fd(which), F_SETFL, flags & ~O_NONBLOCK), 0);
  }
  // The bell to the client is full, as a counter and as a pipe, and the client says that it sleeps:
  // the daemon would ring it.
  hostile.header().client_sleeps.store(1);
  fill(hostile.fd(session::kFdBellToClient));
  for (int n = 0; n < 100; n++) {
    EXPECT_EQ(hostile.ask(request_of(kStat, 0, id_)), Outcome::kNotFound);
  }
  expect_service();
  // The daemon wakes by its bell, and finds that somebody else has emptied it.
  for (int n = 0; n < 10'000; n++) {
    hostile.ring();
    uint64_t rings = 0;
    iovec part{&rings, sizeof rings};
    [[maybe_unused]] const ssize_t size =
        ::preadv2(hostile.fd(session::kFdBellToDaemon), &part, 1, -1, RWF_NOWAIT);
    if (n % 1000 == 0) expect_service();
  }
}

// Whoever can write a memfd can add seals to it, and a seal is for everybody.
TEST_F(HostileSocket, seals_on_shared_memory_do_not_lock_others_out) {
  const RawClient hostile(objd_.socket());
  for (const auto which : {session::kFdArena, session::kFdSegment, session::kFdControl}) {
    for (const int seal : {F_SEAL_FUTURE_WRITE, F_SEAL_WRITE, F_SEAL_SEAL}) {
      ::fcntl(hostile.fd(which), F_ADD_SEALS, seal);
    }
  }
  const Client next = objd_.open();
  EXPECT_THAT(put(next, id_of("next"), pattern(100'000, 1)), Gives(OBJ_OK));
}

}  // namespace
}  // namespace obj
