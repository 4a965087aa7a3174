// SPDX-License-Identifier: Apache-2.0
// spill/posix_files.hh -- the files of a disk by number, and the calls on them that block.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hh"
#include "base/unique_fd.hh"
#include "spill/disk_io.hh"

namespace obj {

// What each DiskIo over real files does the same way. Contracts as in DiskIo.
class PosixFiles {
 public:
  Result<DiskFile> open_directory(const std::string& path);
  Result<DiskFile> lock(DiskFile directory, const std::string& name);
  Result<std::vector<std::string>> list(DiskFile directory);
  // With O_DIRECT; where the file system refuses it, without, and says so once.
  Result<DiskFile> open_file(DiskFile directory, const std::string& name, DiskIo::Open how);
  Result<uint64_t> file_bytes(DiskFile file) const;
  bool is_linked(DiskFile file) const;
  Result<void> remove_file(DiskFile directory, const std::string& name);
  Result<DiskRoom> room(DiskFile directory) const;
  void close_file(DiskFile file);
  Result<uint64_t> run_now(const DiskOrder& order) const;

  int fd(DiskFile file) const { return files_[file].get(); }
  size_t count() const { return files_.size(); }

 private:
  DiskFile keep(UniqueFd fd);

  std::vector<UniqueFd> files_;
  std::vector<DiskFile> unused_;
  bool said_buffered_ = false;
};

// Does the order with the calls that block. Any thread.
Result<uint64_t> run_disk_call(int fd, const DiskOrder& order);
// kLimit for a full disk, else kSystem.
Error disk_error(int system_errno, const char* where);
const char* call_of(DiskOrder::Kind kind);

}  // namespace obj
