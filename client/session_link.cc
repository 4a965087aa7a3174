// SPDX-License-Identifier: Apache-2.0
#include "client/session_link.hh"

#include <sys/mman.h>
#include <sys/stat.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

namespace obj::client {
namespace {

using session::Layout;
using session::Welcome;

constexpr uint64_t kPageBytesMax = uint64_t{1} << 30;

std::unexpected<Status> does_not_fit(const char* what) {
  return std::unexpected(
      fail(OBJ_EREFUSED, "objd's welcome contradicts itself: %s; is it the same release?", what));
}

std::unexpected<Status> cannot_map(const char* what, const Error& error) {
  const Status status = error.code == ErrorCode::kOutOfMemory ? OBJ_ENOMEM : OBJ_ESYSTEM;
  return std::unexpected(
      fail(status, "cannot map %s: %s: %s", what, error.where, std::strerror(error.system_errno)));
}

bool is_power_of_two_within(uint64_t value, uint64_t least, uint64_t most) {
  return value >= least && value <= most && std::has_single_bit(value);
}

OrStatus<Layout> layout_of(const Welcome& welcome) {
  if (!is_power_of_two_within(welcome.requests_max, session::kRequestsMin, session::kRequestsMax)) {
    return does_not_fit("requests_max");
  }
  if (welcome.pins_max == 0 || welcome.pins_max > session::kPinsMax)
    return does_not_fit("pins_max");
  return Layout::of(welcome.requests_max, welcome.pins_max);
}

// Beyond the end of its file a mapping ends the process with SIGBUS, so size comes before mapping.
OrStatus<Mapping> map(const UniqueFd& file, uint64_t size_bytes, Mapping::Access access,
                      uint64_t align_bytes, const char* what) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) {
    return cannot_map(what, Error{ErrorCode::kSystem, errno, "fstat"});
  }
  if (size_bytes == 0 || status.st_size < 0 || static_cast<uint64_t>(status.st_size) < size_bytes) {
    return does_not_fit(what);
  }
  auto mapping = Mapping::map(file.get(), size_bytes, access, align_bytes);
  if (!mapping) return cannot_map(what, mapping.error());
  return std::move(*mapping);
}

}  // namespace

OrStatus<SessionLink> SessionLink::establish(Greeting greeting, bool read_only) {
  using enum session::WelcomeFd;
  const Welcome& welcome = greeting.welcome;
  auto& fds = greeting.fds;
  const auto layout = layout_of(welcome);
  if (!layout) return std::unexpected(layout.error());
  if (!is_power_of_two_within(welcome.page_bytes, session::kStagingBlockBytes, kPageBytesMax)) {
    return does_not_fit("page_bytes");
  }

  const auto arena_access = read_only ? Mapping::Access::kReadOnly : Mapping::Access::kReadWrite;
  auto control =
      map(fds[kFdControl], welcome.control_bytes, Mapping::Access::kReadOnly, 1, "control segment");
  if (!control) return std::unexpected(control.error());
  auto arena = map(fds[kFdArena], welcome.arena_bytes, arena_access, welcome.page_bytes, "arena");
  if (!arena) return std::unexpected(arena.error());
  auto segment = map(fds[kFdSegment], layout->segment_bytes, Mapping::Access::kReadWrite, 1,
                     "session segment");
  if (!segment) return std::unexpected(segment.error());

  // A child must not be able to touch its parent's rings and pins.
  if (::madvise(segment->bytes().data(), segment->bytes().size(), MADV_DONTFORK) != 0) {
    return cannot_map("session segment",
                      Error{ErrorCode::kSystem, errno, "madvise(MADV_DONTFORK)"});
  }
  // Where the kernel allows huge pages for shared memory, faults are few; else it says no,
  // harmlessly.
  ::madvise(arena->bytes().data(), arena->bytes().size(), MADV_HUGEPAGE);

  auto table = TableView::over(control->bytes());
  if (!table) {
    if (table.error().code != ErrorCode::kVersion) return does_not_fit("control segment");
    return std::unexpected(fail(OBJ_EREFUSED,
                                "objd's object table has another version than this "
                                "libobj: install the same release of both"));
  }
  return SessionLink{std::move(greeting.socket),
                     std::move(fds[kFdBellToDaemon]),
                     std::move(fds[kFdBellToClient]),
                     std::move(*control),
                     std::move(*arena),
                     std::move(*segment),
                     *table,
                     *layout,
                     welcome.page_bytes};
}

}  // namespace obj::client
