// SPDX-License-Identifier: Apache-2.0
// The one promise about the text of a log line: whatever a client calls itself, an event stays one
// line and its fields stay apart.
#include "base/log.hh"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

namespace obj {
namespace {

class Log : public testing::Test {
 protected:
  Log() {
    const int fd = ::mkstemp(path_.data());
    EXPECT_GE(fd, 0);
    ::close(fd);
    EXPECT_TRUE(log::open(log::Level::kInfo, path_));
  }
  ~Log() override { ::unlink(path_.c_str()); }

  std::vector<std::string> lines() const {
    std::ifstream file(path_);
    std::vector<std::string> all;
    for (std::string line; std::getline(file, line);) all.push_back(line);
    return all;
  }
  // The only line, without time and level.
  std::string line() const {
    EXPECT_EQ(lines().size(), 1u);
    const std::string first = lines().at(0);
    return first.substr(first.find("event="));
  }

  std::string path_ = testing::TempDir() + "objd_log_test.XXXXXX";
};

TEST_F(Log, writes_one_line_of_fields) {
  log::info("session_open", {{"session", 7}, {"read_only", true}, {"name", "train.py"}});
  EXPECT_EQ(line(), "event=session_open session=7 read_only=true name=train.py");
}

TEST_F(Log, value_cannot_forge_a_line_or_a_field) {
  log::warn("session_open",
            {{"name", "x\n2026 info event=fake"}, {"other", "a b=\"c\\"}, {"third", "a=b"}});
  EXPECT_EQ(line(),
            R"(event=session_open name="x\x0a2026 info event=fake" other="a b=\"c\\" third="a=b")");
}

TEST_F(Log, control_characters_and_empty_values_are_visible) {
  log::info("e", {{"escape", "\x1b[2J"}, {"nul", std::string("\0", 1)}, {"empty", ""}});
  EXPECT_EQ(line(), R"(event=e escape="\x1b[2J" nul="\x00" empty="")");
}

TEST_F(Log, braces_are_no_format) {
  log::info("e", {{"name", "{}{0}%s"}});
  EXPECT_EQ(line(), "event=e name={}{0}%s");
}

TEST_F(Log, error_field_names_code_errno_and_call) {
  log::error("e", {{"why", Error{ErrorCode::kSystem, 12, "mmap"}}});
  EXPECT_EQ(line(),
            R"(event=e why="system call failed, errno 12 (Cannot allocate memory) in mmap")");
}

TEST_F(Log, events_below_the_level_are_left_out) {
  log::debug("quiet");
  EXPECT_TRUE(lines().empty());
}

TEST_F(Log, file_that_cannot_be_opened_is_reported) {
  EXPECT_FALSE(log::open(log::Level::kInfo, "/dev/null/objd.log"));
}

}  // namespace
}  // namespace obj
