// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull_options.hh -- what can be set about pulls. Fixed after construction.
#pragma once

#include <cstdint>

namespace obj {

struct PullOptions {
  // ---- configured by the operator, under these names -------------------------------------------
  uint32_t object_chunk_size = 1u << 20;        // the unit of reading, retrying and verifying
  uint64_t max_bytes_in_flight = 256ull << 20;  // posted and not completed, all pulls together
  uint32_t pull_timeout_ms = 10'000;            // a source that delivers nothing this long stalls

  // ---- one pull --------------------------------------------------------------------------------
  uint32_t retry_least_ms = 50;  // backoff of a source that failed
  uint32_t retry_most_ms = 5'000;
  uint32_t give_up_ms = 30'000;  // no progress for so long although sources exist: it fails
  // All sources dead, unreachable or wrong for so long: it fails. Below the 2 s that a reader may
  // have to wait after a death was noticed.
  uint32_t no_source_grace_ms = 1'500;
  uint32_t probe_least_ms = 1;  // how often a partial copy is asked how far it has come
  uint32_t probe_most_ms = 100;
  uint32_t sources_max = 16;        // of one object that are used at once
  uint32_t check_every_chunks = 4;  // of one source, so that others may soon read this copy

  // ---- the manager -----------------------------------------------------------------------------
  // Prefetches may queue this much at the sources, and less at slow ones (ReadScheduler). A get
  // that arrives stands behind it, so it is far below max_bytes_in_flight; 8 MiB still fills 100
  // Gbit/s at a round trip of 0.6 ms.
  uint64_t prefetch_bytes_in_flight_max = 8ull << 20;
  uint32_t ageing_ms = 1'000;        // passed over for so long, a bundle is passed no more
  uint32_t bundles_passed_max = 64;  // looked at behind one that does not fit
};

}  // namespace obj
