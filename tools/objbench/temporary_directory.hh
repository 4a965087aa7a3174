// SPDX-License-Identifier: Apache-2.0
// tools/objbench/temporary_directory.hh -- a directory that goes when its owner does.
#pragma once

#include <string>

#include "tools/objbench/outcome.hh"

namespace objbench {

// Removed with everything in it by the destructor.
class TemporaryDirectory {
 public:
  // Below $TMPDIR, else /tmp; for this user only.
  static Outcome<TemporaryDirectory> create();

  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::move(other.path_)) {
    other.path_.clear();
  }
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}

  std::string path_;  // empty: moved away
};

}  // namespace objbench
