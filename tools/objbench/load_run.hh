// SPDX-License-Identifier: Apache-2.0
// tools/objbench/load_run.hh -- a whole load: objects, processes, threads, and what they measured.
#pragma once

#include <obj/obj.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "tools/objbench/load.hh"
#include "tools/objbench/outcome.hh"

namespace objbench {

// How many objects a load has at once: those that are read, and after them those that workers put
// and delete. run_load() wants as many ids.
struct LoadObjects {
  uint64_t stored;
  uint64_t own_of_each;  // worker

  static LoadObjects of(const LoadSpec& spec);
  uint64_t count(const LoadSpec& spec) const { return stored + own_of_each * spec.workers(); }
};

// An arena in which none of the load's objects is evicted.
uint64_t arena_bytes_for(const LoadSpec& spec);

// Puts what is to be read, runs all workers for the time of the spec, and adds up. Does not delete
// what it stored: whoever made the ids knows them. REQUIRES: ids.size() ==
// LoadObjects::of(spec).count(spec); this process has one thread.
Outcome<LoadTally> run_load(const std::string& socket, const LoadSpec& spec,
                            std::span<const obj_id> ids);

}  // namespace objbench
