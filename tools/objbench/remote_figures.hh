// SPDX-License-Identifier: Apache-2.0
// tools/objbench/remote_figures.hh -- the figures of two nodes. What each is: figure_registry.cc.
#pragma once

#include "tools/objbench/figure.hh"

namespace objbench {

// large_pull_figures.cc
Outcome<Measurement> measure_tcp_pull_64m(const Surroundings& surroundings);
Outcome<Measurement> measure_tcp_pull_1g(const Surroundings& surroundings);
Outcome<Measurement> measure_shm_pull_64m(const Surroundings& surroundings);

// small_pull_figures.cc
Outcome<Measurement> measure_tcp_multi_get_4k(const Surroundings& surroundings);
Outcome<Measurement> measure_tcp_get_4k_cached(const Surroundings& surroundings);
Outcome<Measurement> measure_tcp_get_4k_cold(const Surroundings& surroundings);

// verbs_figures.cc
Outcome<Measurement> measure_verbs_pull_64m(const Surroundings& surroundings);
Outcome<Measurement> measure_verbs_get_4k_cached(const Surroundings& surroundings);
Outcome<Measurement> measure_verbs_multi_get_4k(const Surroundings& surroundings);
Outcome<Measurement> measure_verbs_source_cpu(const Surroundings& surroundings);

// sharing_figures.cc
Outcome<Measurement> measure_pull_rate_limit_error(const Surroundings& surroundings);
Outcome<Measurement> measure_pull_fairness(const Surroundings& surroundings);
Outcome<Measurement> measure_get_64k_beside_prefetch(const Surroundings& surroundings);

}  // namespace objbench
