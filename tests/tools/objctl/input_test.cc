// SPDX-License-Identifier: Apache-2.0
// Goal: an input gives all of its bytes, whatever kind of file it is, or says why not.
#include "tools/objctl/input.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "tests/tools/objctl/temporary_folder.hh"

namespace objctl {
namespace {

constexpr auto kSilent = Progress::Shown::kNever;

// The bytes that `input` gives.
Outcome<std::string> content(Input& input) {
  OBJCTL_DO(input.measure(UINT64_MAX, kSilent));
  std::string bytes(input.size_bytes(), '?');
  Progress progress("", bytes.size(), kSilent);
  OBJCTL_DO(input.copy_to(std::as_writable_bytes(std::span(bytes)), progress));
  return bytes;
}

std::string pattern(size_t size_bytes) {
  std::string text(size_bytes, '\0');
  for (size_t i = 0; i < size_bytes; i++) text[i] = static_cast<char>(i * 7 + i / 251);
  return text;
}

// A pipe in the file system into which a thread writes `bytes`.
class FilledPipe {
 public:
  FilledPipe(const std::string& path, std::string bytes) {
    EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
    writer_ = std::thread([path, bytes = std::move(bytes)] { write_file(path, bytes); });
  }
  ~FilledPipe() { writer_.join(); }

 private:
  std::thread writer_;
};

TEST(Input, knows_the_size_of_a_file_before_it_reads) {
  const TemporaryFolder folder;
  const std::string bytes = pattern((9u << 20) + 5);  // more than one chunk
  write_file(folder.path("in"), bytes);
  auto input = Input::open(folder.path("in"));
  ASSERT_TRUE(input.has_value());
  EXPECT_TRUE(input->has_size());
  EXPECT_EQ(input->size_bytes(), bytes.size());
  EXPECT_TRUE(content(*input).value() == bytes);
}

TEST(Input, may_be_empty) {
  const TemporaryFolder folder;
  write_file(folder.path("in"), "");
  auto input = Input::open(folder.path("in"));
  ASSERT_TRUE(input.has_value());
  EXPECT_EQ(content(*input).value(), "");
}

TEST(Input, collects_a_pipe_whole) {
  const TemporaryFolder folder;
  const std::string bytes = pattern((9u << 20) + 3);  // more than one chunk
  const FilledPipe pipe(folder.path("pipe"), bytes);
  auto input = Input::open(folder.path("pipe"));
  ASSERT_TRUE(input.has_value());
  EXPECT_FALSE(input->has_size());
  EXPECT_TRUE(content(*input).value() == bytes);
}

TEST(Input, collects_files_that_claim_to_be_empty) {
  auto input = Input::open("/proc/self/status");
  ASSERT_TRUE(input.has_value());
  EXPECT_FALSE(input->has_size());
  EXPECT_TRUE(content(*input).value().starts_with("Name:"));
}

TEST(Input, refuses_an_endless_one) {
  auto input = Input::open("/dev/zero");
  ASSERT_TRUE(input.has_value());
  const auto measured = input->measure(3u << 20, kSilent);
  ASSERT_FALSE(measured.has_value());
  EXPECT_EQ(measured.error().status, OBJ_ETOOLARGE);
}

TEST(Input, admits_exactly_the_limit) {
  const TemporaryFolder folder;
  const FilledPipe pipe(folder.path("pipe"), pattern(3u << 20));
  auto input = Input::open(folder.path("pipe"));
  ASSERT_TRUE(input.has_value());
  EXPECT_TRUE(input->measure(3u << 20, kSilent).has_value());
}

TEST(Input, that_became_shorter_is_a_failure) {
  const TemporaryFolder folder;
  write_file(folder.path("in"), pattern(1000));
  auto input = Input::open(folder.path("in"));
  ASSERT_TRUE(input.has_value());
  std::filesystem::resize_file(folder.path("in"), 999);
  const auto got = content(*input);
  ASSERT_FALSE(got.has_value());
  EXPECT_NE(got.error().cause.find("shorter"), std::string::npos);
}

TEST(Input, that_grew_gives_what_it_had) {
  const TemporaryFolder folder;
  write_file(folder.path("in"), "abc");
  auto input = Input::open(folder.path("in"));
  ASSERT_TRUE(input.has_value());
  std::ofstream(folder.path("in"), std::ios::app) << "def";
  EXPECT_EQ(content(*input).value(), "abc");
}

TEST(Input, says_why_it_cannot_be_read) {
  const TemporaryFolder folder;
  const auto missing = Input::open(folder.path("missing"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().cause, "No such file or directory");
  auto is_folder = Input::open(folder.path(""));
  ASSERT_TRUE(is_folder.has_value());
  const auto got = content(*is_folder);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().cause, "Is a directory");
}

}  // namespace
}  // namespace objctl
