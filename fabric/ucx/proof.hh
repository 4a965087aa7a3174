// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/proof.hh -- that one knows the cluster's secret, without saying it.
#pragma once

#include <string>
#include <string_view>

#include "fabric/ucx/handshake_wire.hh"

namespace obj::ucx {

// HMAC-SHA256 of `role`, the hello and the listener's fields, under `secret` (may be empty).
Proof make_proof(const std::string& secret, std::string_view role, const HelloFrame& hello,
                 const ListenerFields& listener);

// In constant time.
bool same_proof(const Proof& left, const Proof& right);

// From getrandom(2).
Nonce random_nonce();

}  // namespace obj::ucx
