// SPDX-License-Identifier: Apache-2.0
#include "tools/daemon/secret_file.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/unique_fd.hh"

namespace obj {

std::expected<std::string, std::string> read_secret_file(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat about{};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0) {
    return std::unexpected("cannot be read: " + std::string(std::strerror(errno)));
  }
  if ((about.st_mode & S_IROTH) != 0) {
    return std::unexpected("can be read by everybody; chmod 600 " + path);
  }
  std::array<char, kSecretBytesMax + 1> bytes;
  const ssize_t size = ::read(file.get(), bytes.data(), bytes.size());
  if (size < 0) return std::unexpected("cannot be read: " + std::string(std::strerror(errno)));
  std::string secret(bytes.data(), static_cast<size_t>(size));
  while (secret.ends_with('\n') || secret.ends_with('\r')) secret.pop_back();
  if (secret.empty())
    return std::unexpected("is empty; head -c 32 /dev/urandom | base64 makes one");
  if (secret.size() > kSecretBytesMax) return std::unexpected("is longer than 4096 bytes");
  return secret;
}

}  // namespace obj
