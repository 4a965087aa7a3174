// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_push.cc -- messages between nodes, decoded; what is accepted means its bytes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.hh"
#include "node/remote/push_wire.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const auto bytes = std::as_bytes(std::span(data, size_bytes));
  const auto message = obj::push_wire::decode(bytes);
  if (message) OBJ_CHECK(std::ranges::equal(obj::push_wire::encode(*message), bytes));
  return 0;
}
