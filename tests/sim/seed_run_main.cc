// SPDX-License-Identifier: Apache-2.0
// tests/sim/seed_run_main.cc -- runs seeds FIRST..LAST, stops at the first broken invariant.
//
// Exit code 0: none was broken. 1: one was; its name and the seed are on standard output. The same
// program is linked once with the product's sources and once with each mutant of them.
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/sim/random_run.hh"

int main(int argc, char** argv) {
  const uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 0) : 1;
  const uint64_t last = argc > 2 ? std::strtoull(argv[2], nullptr, 0) : first;
  uint64_t done = 0;
  uint64_t failed = 0;
  uint64_t reads = 0;
  uint64_t events = 0;
  for (uint64_t seed = first; seed <= last; seed++) {
    const obj::sim::RunResult result = obj::sim::run_at_random(seed);
    if (result.violation) {
      std::printf("seed %" PRIu64 ": %s\n", seed, result.violation->c_str());
      return 1;
    }
    done += result.bundles_done;
    failed += result.bundles_failed;
    reads += result.reads_posted;
    events += result.events;
  }
  std::printf("%" PRIu64 " seeds, %" PRIu64 " bundles done, %" PRIu64 " failed, %" PRIu64
              " reads, %" PRIu64 " events\n",
              last - first + 1, done, failed, reads, events);
  return 0;
}
