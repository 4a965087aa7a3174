// SPDX-License-Identifier: Apache-2.0
#include "base/memory_file.hh"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "base/check.hh"

namespace obj {
namespace {

unsigned huge_flags(PageSize page_size) {
  switch (page_size) {
    case PageSize::kSystem: return 0;
    case PageSize::kHuge2M: return MFD_HUGETLB | MFD_HUGE_2MB;
    case PageSize::kHuge1G: return MFD_HUGETLB | MFD_HUGE_1GB;
  }
  check_failed(__FILE__, __LINE__, "page size");
}

std::unexpected<Error> system_error(const char* where) {
  const ErrorCode code = errno == ENOMEM ? ErrorCode::kOutOfMemory : ErrorCode::kSystem;
  return std::unexpected(Error{code, errno, where});
}

}  // namespace

uint64_t page_bytes(PageSize page_size) {
  switch (page_size) {
    case PageSize::kSystem: return static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
    case PageSize::kHuge2M: return uint64_t{2} << 20;
    case PageSize::kHuge1G: return uint64_t{1} << 30;
  }
  check_failed(__FILE__, __LINE__, "page size");
}

Result<UniqueFd> create_memory_file(const char* name, uint64_t size_bytes, PageSize page_size) {
  OBJ_CHECK(size_bytes > 0);
  OBJ_CHECK(size_bytes % page_bytes(page_size) == 0);
  UniqueFd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | huge_flags(page_size)));
  if (file.get() < 0) return system_error("memfd_create");
  if (::ftruncate(file.get(), static_cast<off_t>(size_bytes)) != 0)
    return system_error("ftruncate");
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    return system_error("fcntl(F_ADD_SEALS)");
  }
  return file;
}

Result<void> forbid_new_writers(const UniqueFd& file) {
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
    return system_error("fcntl(F_SEAL_FUTURE_WRITE)");
  }
  return {};
}

Result<UniqueFd> reopen_read_only(const UniqueFd& file) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", file.get());
  UniqueFd read_only(::open(path, O_RDONLY | O_CLOEXEC));
  if (read_only.get() < 0) return system_error("open(/proc/self/fd)");
  if (::fchmod(file.get(), 0) != 0) return system_error("fchmod");
  return read_only;
}

}  // namespace obj
