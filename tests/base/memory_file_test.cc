// SPDX-License-Identifier: Apache-2.0
// What holders of a memory file's descriptors can not do to it: resize it, write it after it was
// closed to writers, or, as another user, turn a read-only descriptor into a writable one.
#include "base/memory_file.hh"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <string>

#include "base/mapping.hh"

namespace obj {
namespace {

constexpr uint64_t kSizeBytes = uint64_t{4} * 4096;
constexpr uid_t kNobody = 65534;

UniqueFd make_file() {
  return create_memory_file("memory_file_test", kSizeBytes, PageSize::kSystem).value();
}

// 0, or the errno of mapping `fd` writable.
int errno_of_writable_map(int fd) {
  void* const mapped = ::mmap(nullptr, kSizeBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return errno;
  ::munmap(mapped, kSizeBytes);
  return 0;
}

int errno_of(int returned) { return returned < 0 ? errno : 0; }

std::string path_of(const UniqueFd& file) { return "/proc/self/fd/" + std::to_string(file.get()); }

// Runs `attempt` in a child of another user. Returns what it returned.
int as_nobody(const std::function<int()>& attempt) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(255);
    ::_exit(attempt());
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

TEST(MemoryFile, has_the_size_asked_for_and_is_zero) {
  const UniqueFd file = make_file();
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_END), static_cast<off_t>(kSizeBytes));
  const Mapping mapping =
      Mapping::map(file.get(), kSizeBytes, Mapping::Access::kReadOnly, 4096).value();
  for (const std::byte byte : mapping.bytes()) ASSERT_EQ(byte, std::byte{0});
}

TEST(MemoryFile, is_closed_on_exec) {
  const UniqueFd file = make_file();
  const UniqueFd read_only = reopen_read_only(file).value();
  EXPECT_TRUE(::fcntl(file.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(::fcntl(read_only.get(), F_GETFD) & FD_CLOEXEC);
}

TEST(MemoryFile, can_neither_shrink_nor_grow) {
  const UniqueFd file = make_file();
  EXPECT_EQ(errno_of(::ftruncate(file.get(), 4096)), EPERM);
  EXPECT_EQ(errno_of(::ftruncate(file.get(), 2 * kSizeBytes)), EPERM);
}

TEST(MemoryFile, has_no_new_writers_once_they_are_forbidden) {
  const UniqueFd file = make_file();
  EXPECT_EQ(errno_of_writable_map(file.get()), 0);
  ASSERT_TRUE(forbid_new_writers(file));
  EXPECT_EQ(errno_of_writable_map(file.get()), EPERM);
  EXPECT_EQ(errno_of(static_cast<int>(::pwrite(file.get(), "x", 1, 0))), EPERM);
  EXPECT_EQ(errno_of(::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096)),
            EPERM);
}

TEST(MemoryFile, writer_that_was_there_before_goes_on) {
  const UniqueFd file = make_file();
  const Mapping writer =
      Mapping::map(file.get(), kSizeBytes, Mapping::Access::kReadWrite, 4096).value();
  ASSERT_TRUE(forbid_new_writers(file));
  writer.bytes()[0] = std::byte{42};
  char seen = 0;
  EXPECT_EQ(::pread(file.get(), &seen, 1, 0), 1);
  EXPECT_EQ(seen, 42);
}

TEST(MemoryFile, seals_cannot_be_added_to_after_writers_are_forbidden) {
  const UniqueFd file = make_file();
  ASSERT_TRUE(forbid_new_writers(file));
  const auto refused = forbid_new_writers(file);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kSystem);
  EXPECT_EQ(refused.error().system_errno, EPERM);
}

TEST(MemoryFile, read_only_descriptor_cannot_be_mapped_or_written) {
  const UniqueFd file = make_file();
  const UniqueFd read_only = reopen_read_only(file).value();
  EXPECT_EQ(errno_of_writable_map(read_only.get()), EACCES);
  EXPECT_EQ(errno_of(static_cast<int>(::write(read_only.get(), "x", 1))), EBADF);
}

TEST(MemoryFile, read_only_descriptor_cannot_be_made_writable_by_mprotect) {
  const UniqueFd file = make_file();
  const UniqueFd read_only = reopen_read_only(file).value();
  const Mapping mapping =
      Mapping::map(read_only.get(), kSizeBytes, Mapping::Access::kReadOnly, 4096).value();
  EXPECT_EQ(errno_of(::mprotect(mapping.bytes().data(), kSizeBytes, PROT_READ | PROT_WRITE)),
            EACCES);
}

TEST(MemoryFile, first_descriptor_still_writes_after_a_read_only_one_was_made) {
  const UniqueFd file = make_file();
  ASSERT_TRUE(reopen_read_only(file));
  EXPECT_EQ(errno_of_writable_map(file.get()), 0);
}

TEST(MemoryFile, another_user_cannot_reopen_it_for_writing) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  const UniqueFd file = make_file();
  const UniqueFd read_only = reopen_read_only(file).value();
  const std::string path = path_of(read_only);
  EXPECT_EQ(as_nobody([&] { return errno_of(::open(path.c_str(), O_RDWR)); }), EACCES);
  EXPECT_EQ(as_nobody([&] { return errno_of(::fchmod(read_only.get(), 0666)); }), EPERM);
  EXPECT_EQ(as_nobody([&] { return errno_of_writable_map(read_only.get()); }), EACCES);
  EXPECT_EQ(as_nobody([&] { return errno_of(::truncate(path.c_str(), 0)); }), EACCES);
}

TEST(MemoryFile, another_user_can_read_through_the_read_only_descriptor) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  const UniqueFd file = make_file();
  const UniqueFd read_only = reopen_read_only(file).value();
  EXPECT_EQ(
      as_nobody([&] {
        return Mapping::map(read_only.get(), kSizeBytes, Mapping::Access::kReadOnly, 4096) ? 0 : 1;
      }),
      0);
}

TEST(MemoryFile, page_sizes_are_what_their_names_say) {
  EXPECT_EQ(page_bytes(PageSize::kSystem), static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(page_bytes(PageSize::kHuge2M), uint64_t{2} << 20);
  EXPECT_EQ(page_bytes(PageSize::kHuge1G), uint64_t{1} << 30);
}

TEST(MemoryFileDeathTest, refuses_a_size_that_is_no_whole_number_of_pages) {
  EXPECT_DEATH((void)create_memory_file("x", 100, PageSize::kSystem), "CHECK failed");
  EXPECT_DEATH((void)create_memory_file("x", 0, PageSize::kSystem), "CHECK failed");
}

}  // namespace
}  // namespace obj
