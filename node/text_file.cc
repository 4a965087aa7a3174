// SPDX-License-Identifier: Apache-2.0
#include "node/text_file.hh"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace obj {

Result<UniqueFd> text_file(const char* name, const std::string& text) {
  UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
  if (file.get() < 0) return std::unexpected(Error{ErrorCode::kSystem, errno, "memfd_create"});
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t size = ::pwrite(file.get(), text.data() + written, text.size() - written,
                                  static_cast<off_t>(written));
    if (size <= 0) return std::unexpected(Error{ErrorCode::kSystem, errno, "pwrite"});
    written += static_cast<size_t>(size);
  }
  return file;
}

}  // namespace obj
