// SPDX-License-Identifier: Apache-2.0
// bench/directory/directory_state_bench.cc -- the state machine alone: updates, lookups, memory.
//
// Batches of 64 as they come in messages, objects in random order among 5 million (320 MB of
// records: far more than any cache). Making the batches is not measured.
#include "directory/directory_state.hh"

#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/clock.hh"
#include "bench/directory/synthetic_cluster.hh"
#include "bench/release_only.hh"

namespace obj::directory {
namespace {

constexpr uint64_t kObjects = 5'000'000;
constexpr size_t kBatchesPrepared = 8192;

std::vector<uint64_t> random_numbers(uint64_t below) {
  std::mt19937_64 random(1);
  std::vector<uint64_t> numbers(kBatchesPrepared * Cluster::kBatch);
  for (uint64_t& number : numbers) number = random() % below;
  return numbers;
}

// One filled directory for all that do not change which objects there are.
Cluster& filled() {
  static const std::unique_ptr<Cluster> cluster = [] {
    auto made = std::make_unique<Cluster>(1);
    made->fill(kObjects);
    return made;
  }();
  return *cluster;
}

void lookup(benchmark::State& state, uint64_t first) {
  Cluster& cluster = filled();
  std::vector<ObjectId> ids;
  for (const uint64_t number : random_numbers(kObjects)) ids.push_back(id_of(first + number));
  std::vector<Answer> answers(Cluster::kBatch);
  size_t at = 0;
  for (auto _ : state) {
    cluster.state.lookup(std::span(ids).subspan(at, Cluster::kBatch), answers);
    benchmark::DoNotOptimize(answers.data());
    at = (at + Cluster::kBatch) % ids.size();
  }
  const LookupStatus expected = first < kObjects ? LookupStatus::kFound : LookupStatus::kUnknown;
  if (answers[0].status != expected) state.SkipWithError("wrong answers");
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(Cluster::kBatch));
}
BENCHMARK_CAPTURE(lookup, found, 0);
BENCHMARK_CAPTURE(lookup, unknown, kObjects);

// Known copies that move to another generation: a change of a record that is there.
void update(benchmark::State& state) {
  Cluster& cluster = filled();
  static uint64_t generation = 1;
  std::vector<CopyReport> reports;
  for (const uint64_t number : random_numbers(kObjects)) {
    reports.push_back(report_of(number, CopyState::kSealed, 0));
  }
  size_t at = 0;
  for (auto _ : state) {
    const auto batch = std::span(reports).subspan(at, Cluster::kBatch);
    if (at == 0) generation++;
    for (CopyReport& report : batch) report.copy.generation = generation;
    cluster.report(1, batch);
    at = (at + Cluster::kBatch) % reports.size();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(Cluster::kBatch));
}
BENCHMARK(update);

// New objects, from nothing to 5 million, growth of table and index included; then removed again.
void add_then_remove(benchmark::State& state, bool measure_removal) {
  std::vector<CopyReport> reports(Cluster::kBatch);
  uint64_t slowest_ns = 0;
  for (auto _ : state) {
    Cluster cluster(1);
    uint64_t spent_ns = 0;
    for (const bool removing : {false, true}) {
      for (uint64_t first = 0; first < kObjects; first += Cluster::kBatch) {
        for (uint64_t i = 0; i < Cluster::kBatch; i++) {
          const CopyReport report = report_of(first + i, CopyState::kSealed, 1);
          reports[i] = removing ? removed(report.id, report.copy.slot, 1) : report;
        }
        const uint64_t start_ns = monotonic_ns();
        cluster.report(1, reports);
        if (removing != measure_removal) continue;
        const uint64_t took_ns = monotonic_ns() - start_ns;
        spent_ns += took_ns;
        slowest_ns = std::max(slowest_ns, took_ns);
      }
    }
    state.SetIterationTime(static_cast<double>(spent_ns) * 1e-9);
    if (cluster.state.counts().objects != 0) state.SkipWithError("objects left");
  }
  state.counters["slowest_batch_us"] = static_cast<double>(slowest_ns) / 1000;
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(kObjects));
}
BENCHMARK_CAPTURE(add_then_remove, add, false)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(add_then_remove, remove, true)->UseManualTime()->Unit(benchmark::kMillisecond);

uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long long total = 0;
  unsigned long long resident = 0;
  if (file == nullptr || std::fscanf(file, "%llu %llu", &total, &resident) != 2) resident = 0;
  if (file != nullptr) std::fclose(file);
  return resident * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

// Bytes an object with one copy, by what the process has more than before and as computed.
void memory(benchmark::State& state) {
  const auto objects = static_cast<uint64_t>(state.range(0));
  for (auto _ : state) {
    const uint64_t before = resident_bytes();
    Cluster cluster(100);
    cluster.fill(objects);
    const auto per_object = [&](uint64_t bytes) {
      return static_cast<double>(bytes) / static_cast<double>(objects);
    };
    state.counters["rss_bytes_per_object"] = per_object(resident_bytes() - before);
    state.counters["computed_bytes_per_object"] = per_object(cluster.state.counts().bytes);
  }
}
BENCHMARK(memory)->Arg(5'000'000)->Arg(6'800'000)->Iterations(1)->Unit(benchmark::kMillisecond);
// Takes 4 GB: --benchmark_filter=memory/50000000.
BENCHMARK(memory)->Arg(50'000'000)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace obj::directory

OBJ_BENCHMARK_MAIN()
