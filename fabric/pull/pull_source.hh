// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull_source.hh -- one holder, as one pull sees it.
#pragma once

#include <cstdint>

#include "base/clock.hh"
#include "fabric/pull/backoff.hh"
#include "fabric/pull/chunk_map.hh"
#include "fabric/pull/pull_options.hh"
#include "fabric/pull/source.hh"

namespace obj {

struct PullSource {
  // Live -> Withdrawn | Wrong | Dead; any -> Empty once nothing is due from it.
  enum class State : uint8_t {
    kLive,
    kWithdrawn,  // no longer in the directory: no new reads, but what came can still be verified
    kWrong,      // its generation moved on, or it lied: never again, for this copy
    kDead,       // the node is gone
    kEmpty,      // the entry can be used for another source
  };

  PullSource(const Source& source_, const PullOptions& options)
      : source(source_),
        retry(uint64_t{options.retry_least_ms} * 1'000'000,
              uint64_t{options.retry_most_ms} * 1'000'000),
        probe(uint64_t{options.probe_least_ms} * 1'000'000,
              uint64_t{options.probe_most_ms} * 1'000'000) {}

  bool check_in_flight() const { return parts_in_flight > reads_in_flight; }
  // Nothing is due from it and nothing that it sent waits for a check.
  bool idle() const {
    return parts_in_flight == 0 && unverified.count == 0 && under_check.count == 0;
  }

  Source source;
  State state = State::kLive;
  bool unreachable = false;      // its last read failed because the connection did
  bool parts_hurried = false;    // it stalled; completions are still due
  uint32_t parts_in_flight = 0;  // reads, and at most one check
  uint32_t reads_in_flight = 0;
  uint32_t checks_failed = 0;   // in a row
  uint64_t quiet_since_ns = 0;  // since when parts_in_flight > 0 without a completion
  Backoff retry;
  uint64_t retry_at_ns = 0;  // left alone until then
  Backoff probe;
  uint64_t probe_at_ns = 0;
  ChunkMap::List unverified;   // came since the last check was posted
  ChunkMap::List under_check;  // came before the check in flight was posted
};

}  // namespace obj
