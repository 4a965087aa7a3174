// SPDX-License-Identifier: Apache-2.0
// tests/spill/temporary_directory.hh -- a directory of a test's own, removed with what is in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/check.hh"

namespace obj {

class TemporaryDirectory {
 public:
  // Under $TMPDIR or /tmp, or under `parent`.
  explicit TemporaryDirectory(const std::string& parent = default_parent())
      : path_(parent + "/objd-spill-XXXXXX") {
    OBJ_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  static std::string default_parent() {
    const char* const given = std::getenv("TMPDIR");
    return given != nullptr ? given : "/tmp";
  }
  std::string path_;
};

}  // namespace obj
