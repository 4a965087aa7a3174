// SPDX-License-Identifier: Apache-2.0
// tests/loopback/daemon_test.cc -- objd as an operator sees it: start, configuration, stop,
// remains.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "tests/loopback/support/child.hh"
#include "tests/loopback/support/objd_process.hh"
#include "tests/loopback/support/program.hh"
#include "tests/loopback/support/wait_until.hh"

namespace obj {
namespace {

using testing::HasSubstr;
using testing::Not;

// A socket on which a service manager would listen for READY=1.
UniqueFd notify_socket(const std::string& path) {
  UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  EXPECT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return socket;
}

std::string next_notice(const UniqueFd& socket) {
  pollfd interest{socket.get(), POLLIN, 0};
  if (::poll(&interest, 1, static_cast<int>(kPatienceMs)) != 1) return "nothing";
  char text[256] = {};
  [[maybe_unused]] const ssize_t size = ::recv(socket.get(), text, sizeof text - 1, 0);
  return text;
}

std::set<std::string> files_in(const std::filesystem::path& folder) {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.insert(entry.path());
  return names;
}

ProgramEnd objd(std::vector<std::string> flags) {
  flags.insert(flags.begin(), objd_path());
  return run_program(flags);
}

TEST(Daemon, ends_cleanly_on_sigterm_and_leaves_nothing_but_its_lock_file) {
  const std::set<std::string> shared_memory = files_in("/dev/shm");
  ObjdProcess objd;
  const Client client = objd.open();
  ASSERT_THAT(put(client, id_of("object"), "bytes"), Gives(OBJ_OK));
  const auto folder = std::filesystem::path(objd.socket()).parent_path();
  EXPECT_TRUE(std::filesystem::exists(objd.socket()));
  EXPECT_EQ(objd.terminate(), 0);
  EXPECT_FALSE(std::filesystem::exists(objd.socket()));
  EXPECT_EQ(files_in("/dev/shm"), shared_memory);
  EXPECT_THAT(files_in(folder),
              testing::UnorderedElementsAre(folder / "objd.conf", folder / "output",
                                            objd.socket() + ".lock"));
}

TEST(Daemon, refuses_to_start_beside_another_one) {
  ObjdProcess first;
  const ProgramEnd second = run_program(first.argv());
  EXPECT_EQ(second.exit_code, 1);
  EXPECT_THAT(second.output, HasSubstr("another objd"));
  EXPECT_THAT(second.output, HasSubstr(first.socket()));
  EXPECT_THAT(second.output, HasSubstr("socket="));
  const Client client = first.open();
  EXPECT_THAT(put(client, id_of("object"), "the first still works"), Gives(OBJ_OK));
}

TEST(Daemon, replaces_the_socket_that_a_killed_one_left) {
  ObjdProcess objd;
  const std::set<std::string> shared_memory = files_in("/dev/shm");
  objd.kill();
  ASSERT_TRUE(std::filesystem::exists(objd.socket()));
  EXPECT_EQ(files_in("/dev/shm"), shared_memory);
  objd.restart();
  const Client client = objd.open();
  EXPECT_THAT(put(client, id_of("object"), "bytes"), Gives(OBJ_OK));
  EXPECT_EQ(objd.terminate(), 0);
}

TEST(Daemon, does_not_replace_a_file_that_is_no_socket) {
  const TempDir dir;
  const std::string path = dir.file("precious");
  std::ofstream(path) << "data";
  const ProgramEnd end =
      objd({"--socket", path, "--object-store-memory", "2M", "--huge-pages", "off"});
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_THAT(end.output, HasSubstr("not a socket"));
  EXPECT_EQ(content_of(path), "data");
}

TEST(Daemon, tells_the_service_manager_when_it_is_ready) {
  const TempDir dir;
  const UniqueFd manager = notify_socket(dir.file("notify"));
  ObjdProcess objd({}, {"NOTIFY_SOCKET=" + dir.file("notify")});
  EXPECT_EQ(next_notice(manager), "READY=1");
  EXPECT_EQ(objd.terminate(), 0);
  EXPECT_EQ(next_notice(manager), "STOPPING=1");
}

TEST(Daemon, gives_the_socket_the_mode_that_was_asked_for) {
  const ObjdProcess objd({"--socket-mode", "0600"});
  struct stat found;
  ASSERT_EQ(::stat(objd.socket().c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
}

TEST(Daemon, prints_each_setting_and_where_it_came_from) {
  const TempDir dir;
  const std::string file = dir.file("objd.conf");
  std::ofstream(file) << "# a comment\npoll_us = 7\nsocket_mode=0600\nsessions_max = 3\n";
  const ProgramEnd end = objd({"--config", file, "--print-config", "--sessions-max", "9"});
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_THAT(end.output, HasSubstr("# " + file + "\npoll_us = \"7\"\n"));
  EXPECT_THAT(end.output, HasSubstr("# " + file + "\nsocket_mode = \"0600\"\n"));
  EXPECT_THAT(end.output, HasSubstr("# flag\nsessions_max = \"9\"\n"));
  EXPECT_THAT(end.output, HasSubstr("# default\nobjects_max = \"1048576\"\n"));
  // What it prints is a configuration file that means the same.
  const std::string printed = dir.file("printed.conf");
  std::ofstream(printed) << end.output;
  const ProgramEnd again = objd({"--config", printed, "--print-config"});
  EXPECT_EQ(again.exit_code, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("# " + printed + "\nsessions_max = \"9\"\n"));
  EXPECT_THAT(again.output, HasSubstr("log_file = \"\"\n"));
}

TEST(Daemon, refuses_settings_that_mean_nothing_and_names_them) {
  const TempDir dir;
  const std::string file = dir.file("objd.conf");
  const std::pair<std::string, std::string> cases[] = {
      {"poll_us", "fast"},
      {"poll_us", "-1"},
      {"objects_max", "10000001"},
      {"objects_max", "99999999999999999999"},
      {"socket_mode", "0999"},
      {"object_store_memory", "0"},
      {"object_store_memory", "12Q"},
      {"object_store_memory", "101%"},
      {"huge_pages", "some"},
      {"client_requests_max", "100"},
      {"client_pins_max", "0"},
      {"sessions_max", ""},
      {"log_level", "loud"},
      {"socket", ""},
  };
  for (const auto& [key, value] : cases) {
    std::ofstream(file) << key << " = \"" << value << "\"\n";
    const ProgramEnd end = objd({"--config", file, "--print-config"});
    EXPECT_EQ(end.exit_code, 2) << key << " = " << value;
    EXPECT_THAT(end.output, HasSubstr(key + " = '" + value + "' (" + file + ")"));
  }
  for (const std::string content : {"no_such_key = 1\n", "[section]\npoll_us = 1\n"}) {
    std::ofstream(file) << content;
    const ProgramEnd end = objd({"--config", file, "--print-config"});
    EXPECT_EQ(end.exit_code, 2) << content;
    EXPECT_THAT(end.output, HasSubstr("unknown key"));
  }
  const ProgramEnd flag = objd({"--config", "/dev/null", "--poll-us", "fast"});
  EXPECT_EQ(flag.exit_code, 2);
  EXPECT_THAT(flag.output, HasSubstr("poll_us = 'fast' (flag)"));
  EXPECT_EQ(objd({"--config", dir.file("missing")}).exit_code, 2);
  EXPECT_EQ(objd({"--no-such-flag"}).exit_code, 2);
  EXPECT_EQ(objd({"--help"}).exit_code, 0);
}

TEST(Daemon, says_in_one_sentence_why_it_cannot_start) {
  const TempDir dir;
  const ProgramEnd too_much =
      objd({"--config", "/dev/null", "--socket", dir.file("s"), "--object-store-memory", "4000T"});
  EXPECT_EQ(too_much.exit_code, 1);
  EXPECT_THAT(too_much.output, HasSubstr("object_store_memory"));
  const ProgramEnd too_long = objd({"--config", "/dev/null", "--socket", std::string(200, 's')});
  EXPECT_EQ(too_long.exit_code, 1);
  EXPECT_THAT(too_long.output, HasSubstr("shorter"));
}

}  // namespace
}  // namespace obj
