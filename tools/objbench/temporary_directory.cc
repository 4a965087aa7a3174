// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/temporary_directory.hh"

#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace objbench {

Outcome<TemporaryDirectory> TemporaryDirectory::create() {
  const char* const chosen = std::getenv("TMPDIR");
  std::string path = chosen != nullptr && *chosen != '\0' ? chosen : "/tmp";
  path += "/objbench-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return system_failure("mkdtemp " + path);
  return TemporaryDirectory(std::move(path));
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // what cannot be removed stays, and nothing depends on it
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace objbench
