// SPDX-License-Identifier: Apache-2.0
// client/detail_text.hh -- fetches the daemon's sentence about a failure.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "client/session/layout.hh"

namespace obj::client {

// A copy of text `number`, NUL-terminated and printable; null if there is none (number 0), if a
// later text has taken its place, or if there is no memory for it: the failure itself is told
// anyway. REQUIRES: details.size() == session::kDetailSlots.
std::unique_ptr<char[]> copy_detail(std::span<const session::DetailSlot> details, uint32_t number);

}  // namespace obj::client
