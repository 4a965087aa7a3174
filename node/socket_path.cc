// SPDX-License-Identifier: Apache-2.0
#include "node/socket_path.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace obj {
namespace {

constexpr int kBacklog = 128;

std::unexpected<std::string> failed(const std::string& what) {
  return std::unexpected(what + ": " + std::system_category().message(errno));
}

std::expected<sockaddr_un, std::string> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return std::unexpected("socket path '" + path + "' must have 1 to " +
                           std::to_string(sizeof address.sun_path - 1) +
                           " bytes: choose a shorter one (socket=)");
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

bool somebody_listens(const sockaddr_un& address) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(probe.get(), generic, sizeof address) == 0 || errno == EAGAIN;
}

std::expected<void, std::string> remove_stale(const sockaddr_un& address, const std::string& path) {
  struct stat found;
  if (::lstat(path.c_str(), &found) != 0) return {};
  if (!S_ISSOCK(found.st_mode)) {
    return std::unexpected("'" + path +
                           "' exists and is not a socket: move it away, or choose "
                           "another path (socket=)");
  }
  if (somebody_listens(address)) {
    return std::unexpected("another process listens on '" + path +
                           "': stop it, or choose another path (socket=)");
  }
  if (::unlink(path.c_str()) != 0) return failed("unlink('" + path + "')");
  return {};
}

}  // namespace

std::expected<ListeningSocket, std::string> ListeningSocket::listen(const std::string& path,
                                                                    uint32_t mode) {
  const auto address = address_of(path);
  if (!address) return std::unexpected(address.error());
  std::error_code ignored;  // if the folder cannot be made, opening the lock says why
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);

  const std::string lock_path = path + ".lock";
  UniqueFd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() < 0) return failed("open('" + lock_path + "')");
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return std::unexpected("another objd holds '" + lock_path +
                           "': stop it, or choose another path (socket=)");
  }
  if (const auto removed = remove_stale(*address, path); !removed) {
    return std::unexpected(removed.error());
  }

  UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return failed("socket");
  // Nobody may connect between bind and chmod, so the file is born with no rights.
  const mode_t old_mask = ::umask(0777);
  const int bound =
      ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  ::umask(old_mask);
  if (bound != 0) return failed("bind('" + path + "')");
  if (::listen(socket.get(), kBacklog) != 0) return failed("listen('" + path + "')");
  if (::chmod(path.c_str(), mode) != 0) return failed("chmod('" + path + "')");
  return ListeningSocket(path, std::move(lock), std::move(socket));
}

ListeningSocket::~ListeningSocket() {
  if (socket_.get() >= 0) ::unlink(path_.c_str());
}

}  // namespace obj
