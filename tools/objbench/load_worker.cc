// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/load_worker.hh"

#include "base/clock.hh"
#include "tools/objbench/put_window.hh"

namespace objbench {
namespace {

constexpr int32_t kTimeoutMs = 10'000;
constexpr uint64_t kMixedPutEvery = 10;

const char* call_of(TimedOp op) {
  switch (op) {
    case kTimedGet: return "get";
    case kTimedPut: return "put";
    case kTimedDelete: return "delete";
    case kTimedOps: break;
  }
  return "";
}

}  // namespace

LoadWorker::LoadWorker(const Client& client, const LoadSpec& spec, const Objects& objects)
    : client_(client),
      spec_(spec),
      objects_(objects),
      is_blocking_(spec.in_flight == 1),
      places_(spec.in_flight) {}

Outcome<void> LoadWorker::run(const LoadMeeting& meeting) {
  deadline_ns_ = obj::monotonic_ns() + uint64_t{spec_.seconds} * 1'000'000'000;
  while (!is_over(meeting, obj::monotonic_ns())) {
    if (spec_.op == LoadOp::kDelete) OBJBENCH_DO(put_own());
    next_own_ = 0;
    const uint64_t started_ns = obj::monotonic_ns();
    OBJBENCH_DO(sweep(meeting));
    timed_ns_ += obj::monotonic_ns() - started_ns;
    if (spec_.op != LoadOp::kGet) OBJBENCH_DO(delete_own());
  }
  uint64_t count = 0;
  for (const LatencyHistogram& latencies : tally_.latencies) count += latencies.count();
  if (timed_ns_ > 0) {
    tally_.operations_per_second =
        static_cast<double>(count) / (static_cast<double>(timed_ns_) / 1e9);
  }
  return {};
}

// Over the order once, or until the worker's own objects are used up.
Outcome<void> LoadWorker::sweep(const LoadMeeting& meeting) {
  const bool uses_own = spec_.op == LoadOp::kPut || spec_.op == LoadOp::kDelete;
  const size_t operations = uses_own ? objects_.own.size() : objects_.order.size();
  size_t turn = 0;
  for (size_t i = 0; i < operations; i++) {
    Place& place = places_[turn];
    turn = turn + 1 == places_.size() ? 0 : turn + 1;
    OBJBENCH_DO(collect(place));
    const TimedOp op = next_op();
    if (op != kTimedGet && next_own_ == objects_.own.size()) break;
    OBJBENCH_DO(begin(place, op));
    if (is_over(meeting, place.started_ns)) break;
  }
  for (Place& place : places_) OBJBENCH_DO(collect(place));
  return {};
}

bool LoadWorker::is_over(const LoadMeeting& meeting, uint64_t now_ns) const {
  return now_ns >= deadline_ns_ || meeting.stopped.load(std::memory_order_relaxed) != 0;
}

TimedOp LoadWorker::next_op() {
  operation_++;
  switch (spec_.op) {
    case LoadOp::kGet: return kTimedGet;
    case LoadOp::kPut: return kTimedPut;
    case LoadOp::kDelete: return kTimedDelete;
    case LoadOp::kMixed: return operation_ % kMixedPutEvery == 0 ? kTimedPut : kTimedGet;
  }
  return kTimedGet;
}

Outcome<void> LoadWorker::begin(Place& place, TimedOp op) {
  place.op = op;
  place.busy = true;
  place.started_ns = obj::monotonic_ns();
  int status = OBJ_OK;
  switch (op) {
    case kTimedGet: status = begin_get(place); break;
    case kTimedPut: status = begin_put(place); break;
    case kTimedDelete: status = begin_delete(place); break;
    case kTimedOps: break;
  }
  OBJBENCH_DO(succeeded(status, call_of(op)));
  return is_blocking_ ? collect(place) : Outcome<void>{};
}

int LoadWorker::begin_get(Place& place) {
  const obj_id& id = objects_.stored[objects_.order[next_stored_]];
  next_stored_ = next_stored_ + 1 == objects_.order.size() ? 0 : next_stored_ + 1;
  if (is_blocking_) return obj_get(client_.get(), &id, kTimeoutMs, &place.view);
  return obj_get_async(client_.get(), &id, kTimeoutMs, &place.view, &place.request);
}

int LoadWorker::begin_put(Place& place) {
  const obj_id& id = objects_.own[next_own_++];
  const std::span<const std::byte> data = objects_.data;
  const std::span<const std::byte> metadata = objects_.metadata;
  if (is_blocking_) {
    return obj_put(client_.get(), &id, data.data(), data.size(), metadata.data(), metadata.size(),
                   kTimeoutMs);
  }
  return obj_put_async(client_.get(), &id, data.data(), data.size(), metadata.data(),
                       metadata.size(), kTimeoutMs, &place.request);
}

int LoadWorker::begin_delete(Place& place) {
  const obj_id& id = objects_.own[next_own_++];
  if (is_blocking_) return obj_delete(client_.get(), &id);
  return obj_delete_async(client_.get(), &id, &place.request);
}

Outcome<void> LoadWorker::collect(Place& place) {
  if (!place.busy) return {};
  place.busy = false;
  if (place.request != nullptr) {
    OBJBENCH_DO(succeeded(obj_wait_all(client_.get(), &place.request, 1, kTimeoutMs, nullptr),
                          call_of(place.op)));
  }
  if (place.op == kTimedGet) obj_release(client_.get(), &place.view);
  tally_.latencies[place.op].record(obj::monotonic_ns() - place.started_ns);
  return {};
}

Outcome<void> LoadWorker::put_own() {
  return fill(client_, objects_.own, objects_.data, objects_.metadata);
}

Outcome<void> LoadWorker::delete_own() {
  for (const obj_id& id : objects_.own) OBJBENCH_DO(remove(client_, id));
  return {};
}

}  // namespace objbench
