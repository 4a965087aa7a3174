// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/daemon_binary.hh"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>
#include <vector>

namespace objbench {
namespace {

bool is_executable(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<std::filesystem::path> candidates() {
  const std::filesystem::path here = std::filesystem::path(own_binary()).parent_path();
  std::vector<std::filesystem::path> paths{here / "../objd/objd", here / "objd"};
  const char* const search = std::getenv("PATH");
  std::istringstream directories(search != nullptr ? search : "");
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (!directory.empty()) paths.push_back(std::filesystem::path(directory) / "objd");
  }
  return paths;
}

}  // namespace

std::string own_binary() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

Outcome<std::string> find_daemon_binary(const std::string& chosen) {
  if (!chosen.empty()) {
    if (is_executable(chosen)) return chosen;
    return std::unexpected("--objd: '" + chosen + "' is not a program");
  }
  for (const std::filesystem::path& path : candidates()) {
    if (is_executable(path)) return path.lexically_normal().string();
  }
  return std::unexpected("there is no objd beside this program nor in $PATH; name it with --objd");
}

}  // namespace objbench
