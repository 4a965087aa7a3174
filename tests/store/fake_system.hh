// SPDX-License-Identifier: Apache-2.0
// tests/store/fake_system.hh -- a folder with made-up files of /proc and /sys.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/check.hh"
#include "store/system_files.hh"

namespace obj {

class FakeSystem {
 public:
  FakeSystem() {
    std::string pattern = (std::filesystem::temp_directory_path() / "objd-system-XXXXXX").string();
    OBJ_CHECK(::mkdtemp(pattern.data()) != nullptr);
    root_ = pattern;
  }
  FakeSystem(const FakeSystem&) = delete;
  FakeSystem& operator=(const FakeSystem&) = delete;
  ~FakeSystem() { std::filesystem::remove_all(root_); }

  const std::string& root() const { return root_; }
  SystemFiles files() const { return SystemFiles(root_); }

  void write(const std::string& path, const std::string& text) const {
    const std::filesystem::path file = root_ + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  void set_memory(uint64_t total_bytes, uint64_t available_bytes) const {
    write("/proc/meminfo", "MemTotal:       " + std::to_string(total_bytes / 1024) +
                               " kB\nMemFree:        1 kB\nMemAvailable:   " +
                               std::to_string(available_bytes / 1024) + " kB\n");
  }
  // Of the hugetlb pool of 2 MiB pages.
  void set_huge_pages(uint64_t free, uint64_t reserved, uint64_t overcommit,
                      uint64_t surplus) const {
    const std::string pool = "/sys/kernel/mm/hugepages/hugepages-2048kB/";
    write(pool + "nr_hugepages", std::to_string(free));
    write(pool + "free_hugepages", std::to_string(free));
    write(pool + "resv_hugepages", std::to_string(reserved));
    write(pool + "nr_overcommit_hugepages", std::to_string(overcommit));
    write(pool + "surplus_hugepages", std::to_string(surplus));
  }
  void set_transparent(const std::string& choices) const {
    write("/sys/kernel/mm/transparent_hugepage/shmem_enabled", choices);
  }

 private:
  std::string root_;
};

}  // namespace obj
