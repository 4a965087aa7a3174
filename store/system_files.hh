// SPDX-License-Identifier: Apache-2.0
// store/system_files.hh -- the kernel's small text files under /proc and /sys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace obj {

// Tests put a folder of made-up files in front of every path.
class SystemFiles {
 public:
  explicit SystemFiles(std::string root = "") : root_(std::move(root)) {}

  // The whole text, or nothing if the file cannot be read. `path` is absolute.
  std::optional<std::string> read(const std::string& path) const;
  // The number that the file starts with; nothing if it starts with anything else ("max").
  std::optional<uint64_t> read_number(const std::string& path) const;
  // False if the file does not exist or may not be written.
  bool write_number(const std::string& path, uint64_t number) const;

 private:
  std::string root_;
};

// The number after `key` in lines such as "MemAvailable:   24344940 kB" or "inactive_file 4096".
std::optional<uint64_t> number_after(std::string_view text, std::string_view key);

}  // namespace obj
