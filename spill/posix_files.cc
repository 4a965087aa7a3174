// SPDX-License-Identifier: Apache-2.0
#include "spill/posix_files.hh"

#include <dirent.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "base/log.hh"

namespace obj {
namespace {

std::unexpected<Error> failed(const char* where) {
  return std::unexpected(disk_error(errno, where));
}

int open_flags(DiskIo::Open how) {
  switch (how) {
    case DiskIo::Open::kCreate: return O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    case DiskIo::Open::kReadWrite: return O_RDWR | O_CLOEXEC;
    case DiskIo::Open::kReadOnly: return O_RDONLY | O_CLOEXEC;
  }
  return O_RDONLY | O_CLOEXEC;
}

ssize_t allocate(int fd, uint64_t offset, uint64_t size_bytes) {
  const auto from = static_cast<off_t>(offset);
  const auto bytes = static_cast<off_t>(size_bytes);
  if (::fallocate(fd, 0, from, bytes) == 0) return 0;
  // File systems without preallocation: the file gets its size, the room comes as it is written.
  return errno == EOPNOTSUPP ? ::ftruncate(fd, from + bytes) : -1;
}

ssize_t run(int fd, const DiskOrder& order) {
  const auto offset = static_cast<off_t>(order.offset);
  const auto bytes = static_cast<off_t>(order.size_bytes);
  switch (order.kind) {
    case DiskOrder::Kind::kRead: return ::pread(fd, order.memory, order.size_bytes, offset);
    case DiskOrder::Kind::kWrite: return ::pwrite(fd, order.memory, order.size_bytes, offset);
    case DiskOrder::Kind::kSync: return ::fdatasync(fd);
    case DiskOrder::Kind::kAllocate: return allocate(fd, order.offset, order.size_bytes);
    case DiskOrder::Kind::kPunch:
      return ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, bytes);
  }
  return 0;
}

}  // namespace

Result<uint64_t> run_disk_call(int fd, const DiskOrder& order) {
  for (;;) {
    const ssize_t done = run(fd, order);
    if (done >= 0) return static_cast<uint64_t>(done);
    if (errno != EINTR) return failed(call_of(order.kind));
  }
}

Error disk_error(int system_errno, const char* where) {
  const bool is_full = system_errno == ENOSPC || system_errno == EDQUOT;
  return {is_full ? ErrorCode::kLimit : ErrorCode::kSystem, system_errno, where};
}

const char* call_of(DiskOrder::Kind kind) {
  switch (kind) {
    case DiskOrder::Kind::kRead: return "read of a segment";
    case DiskOrder::Kind::kWrite: return "write to a segment";
    case DiskOrder::Kind::kSync: return "fdatasync of a segment";
    case DiskOrder::Kind::kAllocate: return "fallocate of a segment";
    case DiskOrder::Kind::kPunch: return "fallocate (punch) of a segment";
  }
  return "";
}

Result<DiskFile> PosixFiles::open_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed("mkdir");
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return failed("open of a spill directory");
  return keep(std::move(fd));
}

Result<DiskFile> PosixFiles::lock(DiskFile directory, const std::string& name) {
  UniqueFd fd(::openat(this->fd(directory), name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (fd.get() < 0) return failed("open of the lock file");
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("flock");
    return std::unexpected(Error{ErrorCode::kExists, errno, "flock of a spill directory"});
  }
  return keep(std::move(fd));
}

Result<std::vector<std::string>> PosixFiles::list(DiskFile directory) {
  // A descriptor of its own, since reading moves its position.
  const int own = ::openat(fd(directory), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (own < 0) return failed("open of a spill directory");
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own), ::closedir);
  if (stream == nullptr) return failed("fdopendir");
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(stream.get())) names.emplace_back(entry->d_name);
  if (errno != 0) return failed("readdir");
  return names;
}

Result<DiskFile> PosixFiles::open_file(DiskFile directory, const std::string& name,
                                       DiskIo::Open how) {
  const int flags = open_flags(how);
  UniqueFd file(::openat(fd(directory), name.c_str(), flags | O_DIRECT, 0600));
  if (file.get() < 0 && errno == EINVAL) {
    if (!std::exchange(said_buffered_, true)) {
      log::warn("spill_buffered",
                {{"file", name},
                 {"cause",
                  "its file system refuses O_DIRECT: what is spilled goes through the page "
                  "cache and takes memory there"},
                 {"mend", "spill to ext4 or xfs"}});
    }
    // With O_EXCL the first try may have made the name.
    file = UniqueFd(::openat(fd(directory), name.c_str(), flags & ~O_EXCL, 0600));
  }
  if (file.get() < 0) return failed("open of a segment");
  return keep(std::move(file));
}

Result<uint64_t> PosixFiles::file_bytes(DiskFile file) const {
  struct stat status{};
  if (::fstat(fd(file), &status) != 0) return failed("fstat");
  return static_cast<uint64_t>(status.st_size);
}

bool PosixFiles::is_linked(DiskFile file) const {
  struct stat status{};
  return ::fstat(fd(file), &status) == 0 && status.st_nlink > 0;
}

Result<void> PosixFiles::remove_file(DiskFile directory, const std::string& name) {
  if (::unlinkat(fd(directory), name.c_str(), 0) != 0) return failed("unlink of a segment");
  return {};
}

Result<DiskRoom> PosixFiles::room(DiskFile directory) const {
  struct statvfs status{};
  if (::fstatvfs(fd(directory), &status) != 0) return failed("fstatvfs");
  return DiskRoom{status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize};
}

void PosixFiles::close_file(DiskFile file) {
  files_[file] = UniqueFd(-1);
  unused_.push_back(file);
}

Result<uint64_t> PosixFiles::run_now(const DiskOrder& order) const {
  return run_disk_call(fd(order.file), order);
}

DiskFile PosixFiles::keep(UniqueFd fd) {
  if (unused_.empty()) {
    files_.push_back(std::move(fd));
    return static_cast<DiskFile>(files_.size() - 1);
  }
  const DiskFile file = unused_.back();
  unused_.pop_back();
  files_[file] = std::move(fd);
  return file;
}

}  // namespace obj
