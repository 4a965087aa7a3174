// SPDX-License-Identifier: Apache-2.0
// spill/compression.hh -- payloads made smaller and whole again: lz4 and zstd, behind one call
// each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.hh"
#include "spill/segment_format.hh"

namespace obj {

// Threads: one. Keeps the memory that zstd works in.
class Compression {
 public:
  Compression();
  Compression(Compression&&) noexcept;
  ~Compression();

  // Bytes written to `out`. 0: they would be more than `out` has room for, or the codec failed;
  // then `out` has no meaning.
  size_t compress(SpillCodec codec, std::span<const std::byte> payload, std::span<std::byte> out);
  // kInvalid unless `stored` is exactly what makes `out` full.
  Result<void> decompress(SpillCodec codec, std::span<const std::byte> stored,
                          std::span<std::byte> out);

 private:
  struct Contexts;
  std::unique_ptr<Contexts> contexts_;
};

}  // namespace obj
