// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/pieces.hh -- memory registered in equal pieces, and reads cut where two pieces meet.
// Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/check.hh"

namespace obj::verbs {

inline constexpr uint64_t kPieceAlignBytes = uint64_t{2} << 20;
inline constexpr uint32_t kPiecesMax = 1024;  // of one memory; the keys of all fit one message

// How large the pieces of `size_bytes` are: no larger than the device takes, and so many that
// `threads` can register them side by side, but not below `least_bytes`, since every boundary cuts
// reads. 0: it would be more than kPiecesMax, or the device takes no whole 2 MiB.
// REQUIRES: size_bytes, threads and least_bytes > 0.
constexpr uint64_t piece_bytes_for(uint64_t size_bytes, uint64_t device_bytes_max, uint32_t threads,
                                   uint64_t least_bytes) {
  const uint64_t most = device_bytes_max - device_bytes_max % kPieceAlignBytes;
  if (most == 0) return 0;
  const uint64_t share = (size_bytes - 1) / threads + 1;
  const uint64_t wanted = std::max(share, least_bytes);
  const uint64_t aligned =
      wanted > UINT64_MAX - kPieceAlignBytes
          ? most
          : (wanted + kPieceAlignBytes - 1) / kPieceAlignBytes * kPieceAlignBytes;
  const uint64_t piece = std::min(aligned, most);
  return (size_bytes - 1) / piece < kPiecesMax ? piece : 0;
}

// One part of a read: within one piece at either end.
struct Part {
  uint64_t done_bytes;  // of the read, before this part
  uint32_t size_bytes;
};

// The part of a read that begins `done_bytes` in. `local` and `remote` are where the read begins,
// from the start of each memory. REQUIRES: done_bytes < size_bytes; all others > 0.
constexpr Part next_part(uint64_t local, uint64_t local_piece, uint64_t remote,
                         uint64_t remote_piece, uint32_t size_bytes, uint64_t done_bytes,
                         uint32_t part_bytes_max) {
  const uint64_t rest = size_bytes - done_bytes;
  const uint64_t to_local_end = local_piece - (local + done_bytes) % local_piece;
  const uint64_t to_remote_end = remote_piece - (remote + done_bytes) % remote_piece;
  const uint64_t size = std::min({rest, to_local_end, to_remote_end, uint64_t{part_bytes_max}});
  return {done_bytes, static_cast<uint32_t>(size)};
}

}  // namespace obj::verbs
