// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_directory_wire.cc -- any bytes as a message of the directory.
//
// They are refused, or are exactly what our encoder makes of them. Then a server and a client get
// them.
#include <cstdint>

#include "base/log.hh"
#include "tests/fuzz/fuzz_directory_peers.hh"
#include "tests/directory/wire_samples.hh"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  obj::log::open(obj::log::Level::kError, "/dev/null");
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const auto bytes = std::as_bytes(std::span(data, size_bytes));
  obj::directory::wire::decode_any(bytes);
  obj::directory::feed_server(bytes);
  obj::directory::feed_client(bytes);
  return 0;
}
