// SPDX-License-Identifier: Apache-2.0
// tools/objctl/address_text.hh -- HOST:PORT, taken apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace objctl {

struct HostPort {
  std::string host;  // without the brackets of [V6]:PORT
  uint16_t port;
};

// Nothing if `text` is neither HOST:PORT nor [V6]:PORT.
std::optional<HostPort> host_port_from(std::string_view text);

}  // namespace objctl
