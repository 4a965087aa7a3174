// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/load_run.hh"

#include <algorithm>
#include <bit>
#include <cstring>
#include <thread>
#include <vector>

#include "base/check.hh"
#include "tools/objbench/child_process.hh"
#include "tools/objbench/client.hh"
#include "tools/objbench/load_worker.hh"
#include "tools/objbench/put_window.hh"
#include "tools/objbench/shared_value.hh"

namespace objbench {
namespace {

// As long as a worker may walk without seeing the same order again.
constexpr size_t kOrderLengthMin = 1 << 20;
constexpr uint32_t kRequestsDefault = 4096;
constexpr int kGraceMs = 120'000;  // for what is untimed

// What all processes know before they start.
struct LoadPlan {
  const std::string& socket;
  const LoadSpec& spec;
  LoadObjects objects;
  std::span<const obj_id> ids;
  std::vector<std::byte> data;
  std::vector<std::byte> metadata;

  std::span<const obj_id> stored() const { return ids.first(objects.stored); }
  std::span<const obj_id> own(uint64_t worker) const {
    return ids.subspan(objects.stored + worker * objects.own_of_each, objects.own_of_each);
  }
};

void fail(LoadMeeting& meeting, const std::string& sentence) {
  if (meeting.failures++ == 0) {  // only the first one may write
    std::strncpy(meeting.failure.data(), sentence.c_str(), meeting.failure.size() - 1);
  }
  meeting.stopped = 1;
}

// Until all workers of all processes are here, so that all of them are timed under the full load.
void meet(LoadMeeting& meeting, uint64_t workers) {
  meeting.ready++;
  while (meeting.ready < workers && meeting.stopped == 0) std::this_thread::yield();
}

Outcome<LoadTally> run_worker(const LoadPlan& plan, const Client& client, uint64_t worker,
                              LoadMeeting& meeting) {
  std::vector<uint32_t> order;
  if (plan.objects.stored > 0) {
    order = access_order(plan.spec.pattern, plan.objects.stored,
                         std::max<size_t>(kOrderLengthMin, plan.objects.stored),
                         plan.spec.zipf_exponent, worker);
  }
  LoadWorker load(client, plan.spec,
                  {plan.stored(), plan.own(worker), plan.data, plan.metadata, order});
  meet(meeting, plan.spec.workers());
  OBJBENCH_DO(load.run(meeting));
  return load.tally();
}

Outcome<Client> open_client(const LoadPlan& plan) {
  const uint64_t in_flight = uint64_t{plan.spec.threads} * plan.spec.in_flight;
  const auto requests = static_cast<uint32_t>(std::bit_ceil(in_flight));
  return Client::open(plan.socket, std::max(requests, kRequestsDefault));
}

Outcome<void> run_process(const LoadPlan& plan, uint32_t process, LoadMeeting& meeting) {
  OBJBENCH_TRY(const Client client, open_client(plan));
  std::vector<LoadTally> tallies(plan.spec.threads);
  std::vector<std::jthread> threads;
  for (uint32_t thread = 0; thread < plan.spec.threads; thread++) {
    threads.emplace_back([&, thread] {
      const uint64_t worker = uint64_t{process} * plan.spec.threads + thread;
      const auto tally = run_worker(plan, client, worker, meeting);
      if (tally) {
        tallies[thread] = *tally;
      } else {
        fail(meeting, tally.error());
      }
    });
  }
  threads.clear();  // joins
  for (const LoadTally& tally : tallies) meeting.tallies[process].merge(tally);
  return {};
}

Outcome<void> store(const LoadPlan& plan) {
  if (plan.objects.stored == 0) return {};
  OBJBENCH_TRY(const Client client, Client::open(plan.socket));
  return fill(client, plan.stored(), plan.data, plan.metadata);
}

Outcome<void> run_processes(const LoadPlan& plan, LoadMeeting& meeting) {
  std::vector<ChildProcess> processes;
  for (uint32_t process = 0; process < plan.spec.processes; process++) {
    OBJBENCH_TRY(ChildProcess child, ChildProcess::fork([&, process] {
                   const auto done = run_process(plan, process, meeting);
                   if (!done) fail(meeting, done.error());
                   return 0;
                 }));
    processes.push_back(std::move(child));
  }
  const int limit_ms = static_cast<int>(plan.spec.seconds) * 1000 + kGraceMs;
  for (ChildProcess& process : processes) {
    const auto joined = process.join(limit_ms);
    if (!joined) fail(meeting, joined.error());  // before the others, which then stop
  }
  return {};
}

}  // namespace

LoadObjects LoadObjects::of(const LoadSpec& spec) {
  const uint64_t share = std::max<uint64_t>(spec.objects / spec.workers(), 1);
  switch (spec.op) {
    case LoadOp::kGet: return {spec.objects, 0};
    case LoadOp::kPut:
    case LoadOp::kDelete: return {0, share};
    case LoadOp::kMixed: return {spec.objects, share};
  }
  return {0, 0};
}

uint64_t arena_bytes_for(const LoadSpec& spec) {
  const uint64_t object_bytes = spec.size_bytes + spec.metadata_bytes + 8;
  const uint64_t align_bytes = object_bytes >= 4096 ? 4096 : 64;
  const uint64_t extent_bytes = (object_bytes + align_bytes - 1) / align_bytes * align_bytes;
  const uint64_t all_bytes = LoadObjects::of(spec).count(spec) * extent_bytes;
  return all_bytes + all_bytes / 4 + (uint64_t{64} << 20);
}

Outcome<LoadTally> run_load(const std::string& socket, const LoadSpec& spec,
                            std::span<const obj_id> ids) {
  const LoadObjects objects = LoadObjects::of(spec);
  OBJ_CHECK(ids.size() == objects.count(spec));
  OBJ_CHECK(spec.processes <= LoadMeeting::kProcessesMax);
  const LoadPlan plan{socket,
                      spec,
                      objects,
                      ids,
                      std::vector<std::byte>(spec.size_bytes, std::byte{0x5a}),
                      std::vector<std::byte>(spec.metadata_bytes, std::byte{0xa5})};
  OBJBENCH_DO(store(plan));
  OBJBENCH_TRY(const auto meeting, SharedValue<LoadMeeting>::create());
  OBJBENCH_DO(run_processes(plan, *meeting));
  if (meeting->failures > 0) return std::unexpected(std::string(meeting->failure.data()));
  LoadTally all;
  for (uint32_t process = 0; process < spec.processes; process++) {
    all.merge(meeting->tallies[process]);
  }
  return all;
}

}  // namespace objbench
