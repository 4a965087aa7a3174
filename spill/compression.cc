// SPDX-License-Identifier: Apache-2.0
#include "spill/compression.hh"

#include <lz4.h>
#include <zstd.h>

#include <cstring>

namespace obj {
namespace {

// The fastest of zstd's levels that still saves: a spill waits for it.
constexpr int kZstdLevel = 1;

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ::ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ::ZSTD_freeDCtx(context); }
};

size_t compress_lz4(std::span<const std::byte> payload, std::span<std::byte> out) {
  if (payload.size() > LZ4_MAX_INPUT_SIZE) return 0;
  const int bytes = ::LZ4_compress_default(
      reinterpret_cast<const char*>(payload.data()), reinterpret_cast<char*>(out.data()),
      static_cast<int>(payload.size()), static_cast<int>(out.size()));
  return bytes > 0 ? static_cast<size_t>(bytes) : 0;
}

// Bytes, or SIZE_MAX.
size_t decompress_lz4(std::span<const std::byte> stored, std::span<std::byte> out) {
  if (out.size() > LZ4_MAX_INPUT_SIZE) return SIZE_MAX;
  const int bytes = ::LZ4_decompress_safe(
      reinterpret_cast<const char*>(stored.data()), reinterpret_cast<char*>(out.data()),
      static_cast<int>(stored.size()), static_cast<int>(out.size()));
  return bytes >= 0 ? static_cast<size_t>(bytes) : SIZE_MAX;
}

}  // namespace

struct Compression::Contexts {
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> compressor{::ZSTD_createCCtx()};
  std::unique_ptr<ZSTD_DCtx, FreeDecompressor> decompressor{::ZSTD_createDCtx()};
};

Compression::Compression() : contexts_(std::make_unique<Contexts>()) {}
Compression::Compression(Compression&&) noexcept = default;
Compression::~Compression() = default;

size_t Compression::compress(SpillCodec codec, std::span<const std::byte> payload,
                             std::span<std::byte> out) {
  if (codec == SpillCodec::kLz4) return compress_lz4(payload, out);
  if (codec != SpillCodec::kZstd) return 0;
  const size_t bytes = ::ZSTD_compressCCtx(contexts_->compressor.get(), out.data(), out.size(),
                                           payload.data(), payload.size(), kZstdLevel);
  return ::ZSTD_isError(bytes) != 0 ? 0 : bytes;
}

Result<void> Compression::decompress(SpillCodec codec, std::span<const std::byte> stored,
                                     std::span<std::byte> out) {
  size_t bytes = SIZE_MAX;
  switch (codec) {
    case SpillCodec::kNone:
      if (stored.size() == out.size()) {
        std::memcpy(out.data(), stored.data(), stored.size());
        bytes = stored.size();
      }
      break;
    case SpillCodec::kLz4: bytes = decompress_lz4(stored, out); break;
    case SpillCodec::kZstd:
      bytes = ::ZSTD_decompressDCtx(contexts_->decompressor.get(), out.data(), out.size(),
                                    stored.data(), stored.size());
      break;
  }
  if (bytes == out.size()) return {};
  return std::unexpected(Error{ErrorCode::kInvalid, 0, "spilled record: cannot be decompressed"});
}

}  // namespace obj
