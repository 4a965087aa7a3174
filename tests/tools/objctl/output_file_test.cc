// SPDX-License-Identifier: Apache-2.0
// Goal: a file is there whole or not at all, and what it replaces is kept until then.
#include "tools/objctl/output_file.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "tests/tools/objctl/temporary_folder.hh"

namespace objctl {
namespace {

Outcome<void> write_text(OutputFile& output, const std::string& text) {
  return write_whole(output.fd(), std::as_bytes(std::span(text)), "test");
}

mode_t mode_of(const std::string& path) {
  struct stat about = {};
  EXPECT_EQ(::stat(path.c_str(), &about), 0);
  return about.st_mode & 07777;
}

TEST(OutputFile, appears_only_on_commit) {
  const TemporaryFolder folder;
  auto output = OutputFile::open(folder.path("out"));
  ASSERT_TRUE(output.has_value());
  ASSERT_TRUE(write_text(*output, "content").has_value());
  EXPECT_FALSE(std::filesystem::exists(folder.path("out")));
  ASSERT_TRUE(output->commit(true).has_value());
  EXPECT_EQ(read_file(folder.path("out")), "content");
  EXPECT_EQ(folder.entries(), 1u);
}

TEST(OutputFile, leaves_nothing_without_commit) {
  const TemporaryFolder folder;
  {
    auto output = OutputFile::open(folder.path("out"));
    ASSERT_TRUE(output.has_value());
    ASSERT_TRUE(write_text(*output, "content").has_value());
  }
  EXPECT_EQ(folder.entries(), 0u);
}

TEST(OutputFile, replaces_a_file_at_once_and_keeps_its_mode) {
  const TemporaryFolder folder;
  write_file(folder.path("out"), "old");
  ASSERT_EQ(::chmod(folder.path("out").c_str(), 0751), 0);
  auto output = OutputFile::open(folder.path("out"));
  ASSERT_TRUE(output.has_value());
  ASSERT_TRUE(write_text(*output, "new").has_value());
  EXPECT_EQ(read_file(folder.path("out")), "old");
  ASSERT_TRUE(output->commit(false).has_value());
  EXPECT_EQ(read_file(folder.path("out")), "new");
  EXPECT_EQ(mode_of(folder.path("out")), 0751u);
  EXPECT_EQ(folder.entries(), 1u);
}

TEST(OutputFile, obeys_the_umask_for_a_new_file) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  auto output = OutputFile::open(folder.path("out"));
  ::umask(before);
  ASSERT_TRUE(output.has_value());
  ASSERT_TRUE(output->commit(false).has_value());
  EXPECT_EQ(mode_of(folder.path("out")), 0640u);
}

TEST(OutputFile, follows_a_symbolic_link) {
  const TemporaryFolder folder;
  write_file(folder.path("target"), "old");
  std::filesystem::create_symlink("target", folder.path("link"));
  auto output = OutputFile::open(folder.path("link"));
  ASSERT_TRUE(output.has_value());
  ASSERT_TRUE(write_text(*output, "new").has_value());
  ASSERT_TRUE(output->commit(false).has_value());
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path("link")));
  EXPECT_EQ(read_file(folder.path("target")), "new");
}

TEST(OutputFile, writes_into_a_pipe_and_leaves_it_a_pipe) {
  const TemporaryFolder folder;
  const std::string path = folder.path("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  std::string received;
  std::thread reader([&] { received = read_file(path); });
  {
    auto output = OutputFile::open(path);
    ASSERT_TRUE(output.has_value());
    EXPECT_TRUE(write_text(*output, "through").has_value());
    EXPECT_TRUE(output->commit(true).has_value());
  }
  reader.join();
  EXPECT_EQ(received, "through");
  EXPECT_TRUE(std::filesystem::is_fifo(path));
}

TEST(OutputFile, says_why_it_cannot_be) {
  const TemporaryFolder folder;
  const auto missing = OutputFile::open(folder.path("no/such/out"));
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().cause, "No such file or directory");
  const auto is_folder = OutputFile::open(folder.path(""));
  ASSERT_FALSE(is_folder.has_value());
  EXPECT_EQ(is_folder.error().cause, "Is a directory");
}

}  // namespace
}  // namespace objctl
