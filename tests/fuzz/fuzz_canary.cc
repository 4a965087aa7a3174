// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_canary.cc -- a bug on purpose, which a working fuzzer finds within seconds.
//
// If this one survives, so would every bug that the other targets look for: no coverage feedback,
// or no sanitizer that ends the process.
#include "tests/fuzz/fuzz_input.hh"

namespace {

// Three comparisons that chance does not pass, and then a write behind the end of an array.
void stumble(obj::FuzzInput input) {
  static constexpr uint8_t kMagic[] = {'O', 'B', 'J'};
  for (const uint8_t byte : kMagic) {
    if (input.take<uint8_t>() != byte) return;
  }
  if (input.take<uint32_t>() != 0xfeedbeef) return;
  auto* const four_bytes = new uint8_t[4];
  const size_t length = input.rest().size() + 5;
  std::memset(four_bytes, 0, length);
  delete[] four_bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  stumble({data, size_bytes});
  return 0;
}
