// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/session.hh"

#include <algorithm>
#include <bit>

namespace objctl {
namespace {

// A command holds one view and has few operations in flight: a small session is quick to set up.
constexpr uint32_t kPinsMax = 16;
constexpr size_t kOperationsMin = 16;
constexpr size_t kOperationsMax = 65536;
constexpr int32_t kHelloTimeoutMs = 5000;

int32_t hello_timeout_ms(const GlobalOptions& options) {
  const int32_t given = options.timeout_ms.value_or(0);
  return given > 0 ? std::min(given, kHelloTimeoutMs) : kHelloTimeoutMs;
}

// What `read` has to say, asked again until all of it fits.
template <class Read>
Outcome<std::string> whole_text(const std::string& what, Read read) {
  std::string text(size_t{64} << 10, '\0');
  while (true) {
    size_t needed_bytes = 0;
    const int status = read(text.data(), text.size(), &needed_bytes);
    if (status != OBJ_OK) return library_failure(status, what);
    const bool is_whole = needed_bytes <= text.size();
    // The next one may be longer again, so leave room.
    text.resize(is_whole ? needed_bytes - 1 : needed_bytes + needed_bytes / 4);
    if (is_whole) return text;
  }
}

}  // namespace

Outcome<Session> Session::open(const GlobalOptions& options, Access access, size_t operations_max) {
  obj_open_options how = OBJ_OPEN_OPTIONS_INIT;
  how.flags = access == Access::kRead ? OBJ_READ_ONLY : 0;
  how.pins_max = kPinsMax;
  const size_t operations = std::clamp(operations_max, kOperationsMin, kOperationsMax);
  how.requests_max = static_cast<uint32_t>(std::bit_ceil(operations));
  how.timeout_ms = hello_timeout_ms(options);
  how.name = "objctl";
  obj_client* client = nullptr;
  const char* const path = options.socket.empty() ? nullptr : options.socket.c_str();
  const int status = obj_open(path, &how, &client);
  if (status != OBJ_OK) return library_failure(status, "connect");
  return Session(client);
}

Outcome<std::string> Session::status(uint32_t topic, const std::string& what) const {
  return whole_text(what, [&](char* text, size_t capacity, size_t* needed_bytes) {
    return obj_status(get(), topic, text, capacity, needed_bytes);
  });
}

Outcome<std::string> Session::locate(const obj_id& id, const std::string& what) const {
  return whole_text(what, [&](char* text, size_t capacity, size_t* needed_bytes) {
    return obj_locate(get(), &id, text, capacity, needed_bytes);
  });
}

}  // namespace objctl
