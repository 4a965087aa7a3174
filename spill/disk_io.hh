// SPDX-License-Identifier: Apache-2.0
// spill/disk_io.hh -- seam: files and their bytes. io_uring, a pool of threads, or a test's fake.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/event_source.hh"
#include "base/result.hh"

namespace obj {

// A file or directory that was opened through a DiskIo, which knows it by this number.
using DiskFile = uint32_t;

struct DiskOrder {
  enum class Kind : uint8_t {
    kRead,
    kWrite,
    kSync,      // of data: what was written before is durable; a directory's: its names
    kAllocate,  // room for [offset, offset + size_bytes), which the file then has as its size
    kPunch,     // gives the room back; the bytes read as zero
  };
  Kind kind = Kind::kRead;
  DiskFile file = 0;
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  std::byte* memory = nullptr;  // size_bytes: read into, or written from
  uint64_t cookie = 0;          // the poster's
};

// Called from DiskIo's progress(), never from inside post() or submit().
class DiskCompletions {
 public:
  virtual ~DiskCompletions() = default;
  // `bytes`: how many of a read or write were done, maybe fewer than asked for. Only then, or after
  // an error, the memory is the poster's again.
  virtual void on_disk_done(uint64_t cookie, const Result<uint64_t>& bytes) = 0;
};

struct DiskRoom {
  uint64_t total_bytes = 0;
  uint64_t available_bytes = 0;  // to this user
};

// Threads: one. Memory, offsets and sizes of reads and writes are multiples of 4096.
// Errors: kSystem with the errno; kLimit if the disk is full (ENOSPC, EDQUOT).
class DiskIo : public EventSource {
 public:
  // Short calls that block. A directory is created if only its last part is missing.
  virtual Result<DiskFile> open_directory(const std::string& path) = 0;
  // Held until the process ends or the lock file is closed. kExists: another process has it.
  virtual Result<DiskFile> lock(DiskFile directory, const std::string& name) = 0;
  virtual Result<std::vector<std::string>> list(DiskFile directory) = 0;
  enum class Open : uint8_t { kCreate, kReadWrite, kReadOnly };
  virtual Result<DiskFile> open_file(DiskFile directory, const std::string& name, Open how) = 0;
  virtual Result<uint64_t> file_bytes(DiskFile file) = 0;
  // False once the file, or directory, was removed: what is written to it is lost.
  virtual bool is_linked(DiskFile file) = 0;
  virtual Result<void> remove_file(DiskFile directory, const std::string& name) = 0;
  virtual Result<DiskRoom> room(DiskFile directory) = 0;
  // REQUIRES: nothing in flight for it.
  virtual void close_file(DiskFile file) = 0;

  // For starts: as an order, but waits for it. Returns bytes done.
  virtual Result<uint64_t> run_now(const DiskOrder& order) = 0;

  // Each gets one completion, later. Posted together, they go to the kernel together at submit().
  virtual void post(const DiskOrder& order) = 0;
  virtual void submit() = 0;
  // Memory from which most of the bytes come: the driver may pin it once instead of for each order.
  // Call once, before the first post(). REQUIRES: the memory outlives this.
  virtual void register_memory(std::span<const std::span<std::byte>> memory) = 0;
  // "io_uring" or "threads".
  virtual const char* name() const = 0;
  // Who hears of completions. REQUIRES: called before the first post().
  virtual void set_completions(DiskCompletions& completions) = 0;
};

}  // namespace obj
