// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/hot_object.hh"

#include <algorithm>
#include <array>
#include <atomic>
#include <vector>

#include "base/check.hh"
#include "base/cpu_relax.hh"
#include "tools/objbench/child_process.hh"
#include "tools/objbench/hit_latency.hh"
#include "tools/objbench/percentiles.hh"
#include "tools/objbench/shared_value.hh"

namespace objbench {
namespace {

constexpr uint32_t kReadersMax = 8;
constexpr size_t kWarmUpSamples = 1000;
constexpr size_t kSamples = 20'000;
constexpr int kEndMs = 60'000;

// Shared by the readers.
struct Meeting {
  std::atomic<uint32_t> ready;     // readers that may start
  std::atomic<uint32_t> finished;  // readers whose samples are taken
  std::array<double, kReadersMax> p50_ns;
};

Outcome<void> read_hot(Meeting& meeting, uint32_t self, uint32_t readers, const std::string& socket,
                       const obj_id& id) {
  OBJBENCH_TRY(const Client client, Client::open(socket));
  HitLatency latency(client, {&id, 1});
  OBJBENCH_DO(latency.samples(kWarmUpSamples));
  meeting.ready++;
  while (meeting.ready < readers) obj::cpu_relax();
  OBJBENCH_TRY(auto samples, latency.samples(kSamples));
  meeting.p50_ns[self] = median(std::move(samples));
  meeting.finished++;
  while (meeting.finished < readers) OBJBENCH_DO(latency.sample());
  return {};
}

}  // namespace

Outcome<double> hot_object_hit_ns(const std::string& socket, const obj_id& id, uint32_t readers) {
  OBJ_CHECK(readers >= 1);
  OBJ_CHECK(readers <= kReadersMax);
  OBJBENCH_TRY(const auto meeting, SharedValue<Meeting>::create());
  std::vector<ChildProcess> processes;
  for (uint32_t self = 0; self < readers; self++) {
    OBJBENCH_TRY(ChildProcess process, ChildProcess::fork([&, self] {
                   return read_hot(*meeting, self, readers, socket, id) ? 0 : 1;
                 }));
    processes.push_back(std::move(process));
  }
  for (ChildProcess& process : processes) OBJBENCH_DO(process.join(kEndMs));
  return *std::max_element(meeting->p50_ns.begin(), meeting->p50_ns.begin() + readers);
}

}  // namespace objbench
