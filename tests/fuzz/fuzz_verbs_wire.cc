// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_verbs_wire.cc -- any bytes as a message of the verbs exchange.
//
// They are refused, or are exactly what our writer makes of them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "fabric/verbs/exchange_wire.hh"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  using namespace obj::verbs;
  const auto bytes = std::as_bytes(std::span(data, size_bytes));
  const auto decoded = decode_exchange(bytes);
  if (!decoded || std::holds_alternative<OtherVersion>(*decoded)) return 0;
  const auto written = std::visit([](const auto& message) { return encode(message); },
                                  std::get<ExchangeMessage>(*decoded));
  if (!std::ranges::equal(written, bytes)) std::abort();
  return 0;
}
