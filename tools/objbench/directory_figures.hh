// SPDX-License-Identifier: Apache-2.0
// tools/objbench/directory_figures.hh -- the figures of one directory. What each is:
// figure_registry.cc.
#pragma once

#include "tools/objbench/figure.hh"

namespace objbench {

Outcome<Measurement> measure_directory_updates(const Surroundings& surroundings);
Outcome<Measurement> measure_directory_lookups(const Surroundings& surroundings);
Outcome<Measurement> measure_directory_round_trip(const Surroundings& surroundings);

}  // namespace objbench
