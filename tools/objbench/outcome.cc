// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/outcome.hh"

#include <cerrno>
#include <system_error>

namespace objbench {

std::unexpected<std::string> system_failure(const std::string& call) {
  return std::unexpected(call + ": " + std::system_category().message(errno));
}

}  // namespace objbench
