// SPDX-License-Identifier: Apache-2.0
// tools/objbench/spill_figures.hh -- the figures of storage. What each is: figure_registry.cc.
#pragma once

#include "tools/objbench/figure.hh"

namespace objbench {

// spill_figures.cc
Outcome<Measurement> measure_spill_write_1m(const Surroundings& surroundings);
Outcome<Measurement> measure_spill_read_1m(const Surroundings& surroundings);
Outcome<Measurement> measure_spill_write_4k(const Surroundings& surroundings);
Outcome<Measurement> measure_restore_4k(const Surroundings& surroundings);

// spill_cost_figures.cc
Outcome<Measurement> measure_spill_cpu(const Surroundings& surroundings);
Outcome<Measurement> measure_spill_rss_growth(const Surroundings& surroundings);
Outcome<Measurement> measure_working_set_3x(const Surroundings& surroundings);

}  // namespace objbench
