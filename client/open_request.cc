// SPDX-License-Identifier: Apache-2.0
#include "client/open_request.hh"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/default_socket.hh"
#include "client/session/layout.hh"

namespace obj::client {
namespace {

constexpr int32_t kSpinUsDefault = 50;
constexpr int32_t kSpinUsMax = 1'000'000;
constexpr int32_t kOpenTimeoutMs = 5000;

// The struct as it was first published; fields are only ever added behind.
constexpr size_t kFirstStructBytes = 32;
static_assert(sizeof(obj_open_options) >= kFirstStructBytes);

OrStatus<obj_open_options> known_part(const obj_open_options& given) {
  obj_open_options known = OBJ_OPEN_OPTIONS_INIT;
  if (given.struct_bytes < kFirstStructBytes) {
    return std::unexpected(fail(OBJ_EINVAL,
                                "obj_open: struct_bytes is %u: start from OBJ_OPEN_OPTIONS_INIT",
                                given.struct_bytes));
  }
  const auto* const bytes = reinterpret_cast<const unsigned char*>(&given);
  for (size_t i = sizeof known; i < given.struct_bytes; i++) {
    if (bytes[i] == 0) continue;
    return std::unexpected(fail(OBJ_EINVAL,
                                "obj_open: options for a newer libobj than this one (%s): install "
                                "the libobj that the program was built with",
                                obj_version()));
  }
  std::memcpy(&known, &given, std::min<size_t>(given.struct_bytes, sizeof known));
  return known;
}

uint64_t spin_ns_of(int32_t spin_us) {
  if (spin_us < 0) spin_us = ::sysconf(_SC_NPROCESSORS_ONLN) > 1 ? kSpinUsDefault : 0;
  return static_cast<uint64_t>(std::min(spin_us, kSpinUsMax)) * 1000;
}

OrStatus<void> check(const obj_open_options& options) {
  if ((options.flags & ~OBJ_READ_ONLY) != 0) {
    return std::unexpected(fail(OBJ_EINVAL, "obj_open: unknown flags 0x%x", options.flags));
  }
  if (options.pins_max > session::kPinsMax) {
    return std::unexpected(fail(OBJ_EINVAL, "obj_open: pins_max is %u, more than %u",
                                options.pins_max, session::kPinsMax));
  }
  const uint32_t requests_max = options.requests_max;
  const bool is_in_range = requests_max >= session::kRequestsMin &&
                           requests_max <= session::kRequestsMax &&
                           std::has_single_bit(requests_max);
  if (requests_max != 0 && !is_in_range) {
    return std::unexpected(fail(OBJ_EINVAL,
                                "obj_open: requests_max is %u, not a power of two in %u..%u",
                                requests_max, session::kRequestsMin, session::kRequestsMax));
  }
  return {};
}

}  // namespace

OrStatus<OpenRequest> make_open_request(const char* socket_path, const obj_open_options* options) {
  obj_open_options known = OBJ_OPEN_OPTIONS_INIT;
  if (options != nullptr) {
    const auto part = known_part(*options);
    if (!part) return std::unexpected(part.error());
    known = *part;
  }
  if (const auto checked = check(known); !checked) return std::unexpected(checked.error());

  OpenRequest request;
  request.socket_path = socket_path != nullptr ? socket_path : default_socket_path();
  request.name = known.name != nullptr ? known.name : program_invocation_short_name;
  request.read_only = (known.flags & OBJ_READ_ONLY) != 0;
  request.pins_max = known.pins_max;
  request.requests_max = known.requests_max;
  request.spin_ns = spin_ns_of(known.spin_us);
  request.timeout_ms = known.timeout_ms != 0 ? known.timeout_ms : kOpenTimeoutMs;
  return request;
}

}  // namespace obj::client
