// SPDX-License-Identifier: Apache-2.0
// store/arena.hh -- the node's one piece of object memory, populated and ready.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <vector>

#include "base/error.hh"
#include "base/mapping.hh"
#include "base/memory_file.hh"
#include "base/result.hh"
#include "base/unique_fd.hh"
#include "store/shared_memory.hh"

namespace obj {

enum class HugePages : uint8_t { kAuto, kOff, kTransparent, k2M, k1G };

struct ArenaOptions {
  uint64_t size_bytes = 0;  // rounded up to the page size in use; 0: default_arena_bytes()
  HugePages huge_pages = HugePages::kAuto;
  bool reserve_huge_pages = false;  // raise the kernel's limit of huge pages if it is too low
  std::string system_root{};        // before /proc and /sys; tests put made-up files there
};

// Why there is no arena: `sentence` names cause and mend, for people.
struct ArenaRefusal {
  Error error;
  std::string sentence;
};

// One memfd, mapped read-write here, populated, and out of core dumps.
//
// Threads: immutable once created, but for the bytes themselves.
class Arena {
 public:
  // Refuses before anything is populated if the memory is not there.
  static std::expected<Arena, ArenaRefusal> create(const ArenaOptions& options);

  std::span<std::byte> bytes() const { return mapping_.bytes(); }
  PageSize page_size() const { return page_size_; }
  // "hugetlb-2M", "hugetlb-1G", "transparent" or "4K".
  const std::string& pages_text() const { return pages_text_; }
  double populate_seconds() const { return populate_seconds_; }
  // What was asked for and could not be had, each with the line that mends it.
  const std::vector<std::string>& notes() const { return notes_; }

  const UniqueFd& read_write_file() const { return read_write_file_; }
  const UniqueFd& read_only_file() const { return read_only_file_; }

 private:
  Arena() : read_write_file_(-1), read_only_file_(-1) {}
  static Result<Arena> create_of(PageKind kind, uint64_t size_bytes, const SystemFiles& files);
  void note_small_pages(const SystemFiles& files);

  UniqueFd read_write_file_;
  UniqueFd read_only_file_;
  Mapping mapping_;
  PageSize page_size_ = PageSize::kSystem;
  std::string pages_text_;
  double populate_seconds_ = 0;
  std::vector<std::string> notes_;
};

// Memory that this process may count on at most: the machine's, or its cgroup's limit if that is
// less.
uint64_t usable_memory_bytes();
// 30% of it, rounded down to 2 MiB.
uint64_t default_arena_bytes();

}  // namespace obj
