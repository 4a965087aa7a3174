// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/registration.hh"

#include <algorithm>
#include <atomic>
#include <thread>

#include "fabric/verbs/pieces.hh"
#include "fabric/verbs/status.hh"

namespace obj::verbs {
namespace {

constexpr uint32_t kThreadsMax = 16;  // the kernel's own locks are the limit beyond

uint32_t threads_for(uint64_t size_bytes) {
  const uint64_t useful = (size_bytes - 1) / kPieceLeastBytes + 1;
  const uint32_t cpus = std::max(std::thread::hardware_concurrency(), 1u);
  return static_cast<uint32_t>(std::min<uint64_t>({useful, cpus, kThreadsMax}));
}

}  // namespace

Result<Registration> Registration::create(ibv_pd& domain, std::span<std::byte> memory, int access,
                                          uint64_t piece_bytes_max) {
  const uint32_t threads = threads_for(memory.size());
  const uint64_t piece_bytes =
      piece_bytes_for(memory.size(), piece_bytes_max, threads, kPieceLeastBytes);
  if (piece_bytes == 0) {
    return std::unexpected(
        Error{ErrorCode::kTooLarge, 0, "verbs: the device's max_mr_size is too small"});
  }
  Registration result(memory, piece_bytes);
  result.pieces_.resize((memory.size() - 1) / piece_bytes + 1);

  std::atomic<size_t> next_piece = 0;  // relaxed: it only deals out numbers
  std::atomic<int> failure = 0;        // relaxed: read after the threads were joined
  const auto work = [&] {
    for (size_t i;
         (i = next_piece.fetch_add(1, std::memory_order_relaxed)) < result.pieces_.size();) {
      const uint64_t from = i * piece_bytes;
      const uint64_t bytes = std::min(piece_bytes, memory.size() - from);
      // A function of its own behind the macro of that name, which Clang warns of.
      ibv_mr* const region = (::ibv_reg_mr)(&domain, memory.data() + from, bytes, access);
      if (region == nullptr) return failure.store(errno, std::memory_order_relaxed);
      result.pieces_[i].reset(region);
    }
  };
  std::vector<std::jthread> helpers;
  for (uint32_t i = 1; i < threads; i++) helpers.emplace_back(work);
  work();
  helpers.clear();
  if (const int error = failure.load(std::memory_order_relaxed); error != 0) {
    return std::unexpected(verbs_error(error, "ibv_reg_mr"));
  }
  return result;
}

MemoryLayout Registration::layout() const {
  MemoryLayout layout{.address = reinterpret_cast<uintptr_t>(memory_.data()),
                      .size_bytes = memory_.size(),
                      .piece_bytes = piece_bytes_,
                      .keys = {}};
  for (const RegionHandle& piece : pieces_) layout.keys.push_back(piece->rkey);
  return layout;
}

}  // namespace obj::verbs
