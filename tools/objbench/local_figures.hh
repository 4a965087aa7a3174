// SPDX-License-Identifier: Apache-2.0
// tools/objbench/local_figures.hh -- the figures of one node. What each is: figure_registry.cc.
#pragma once

#include "tools/objbench/figure.hh"

namespace objbench {

// hit_figures.cc
Outcome<Measurement> measure_get_hit_10k(const Surroundings& surroundings);
Outcome<Measurement> measure_get_hit_1m(const Surroundings& surroundings);
Outcome<Measurement> measure_get_hit_2_clients(const Surroundings& surroundings);

// put_figures.cc
Outcome<Measurement> measure_put_1k_awake(const Surroundings& surroundings);
Outcome<Measurement> measure_put_1k_asleep(const Surroundings& surroundings);
Outcome<Measurement> measure_put_1k_64_in_flight(const Surroundings& surroundings);

// large_put_figures.cc
Outcome<Measurement> measure_put_64m(const Surroundings& surroundings);
Outcome<Measurement> measure_put_1g(const Surroundings& surroundings);

// room_figures.cc
Outcome<Measurement> measure_delete(const Surroundings& surroundings);
Outcome<Measurement> measure_evict(const Surroundings& surroundings);

// idle_figure.cc
Outcome<Measurement> measure_idle_cpu(const Surroundings& surroundings);

}  // namespace objbench
