// SPDX-License-Identifier: Apache-2.0
#include "node/spill/restorer.hh"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.hh"
#include "store/extent_allocator.hh"
#include "store/shared/slot.hh"

namespace obj {

Restorer::Restorer(ObjectStore& store, Admission& admission, std::span<std::byte> arena,
                   SpillTier& tier, SpilledObjects& spilled, const RestorerOptions& options,
                   Events events)
    : store_(store),
      admission_(admission),
      arena_(arena),
      tier_(tier),
      spilled_(spilled),
      options_(options),
      events_(std::move(events)) {}

void Restorer::want(const ObjectId& id, uint64_t deadline_ns, uint64_t now_ns) {
  const SpilledObject* const object = spilled_.find(id);
  OBJ_CHECK(object != nullptr);
  if (object->in_memory) return;
  if (const auto known = by_id_.find(id); known != by_id_.end()) {
    Restore& restore = restores_.at(known->second);
    if (deadline_ns > restore.deadline_ns) {
      restore.deadline_ns = deadline_ns;
      if (deadline_ns != kForeverNs) by_deadline_.emplace(deadline_ns, known->second);
    }
    return;
  }
  if (deadline_ns <= now_ns) return;
  const Number number = ++last_number_;
  const uint64_t bytes = ExtentAllocator::extent_bytes(
      transfer_bytes(object->copy.data_bytes, object->copy.metadata_bytes));
  restores_.emplace(number, Restore{.copy = object->copy,
                                    .place = object->place,
                                    .deadline_ns = deadline_ns,
                                    .stage = Stage::kQueued,
                                    .ref = {},
                                    .bytes = bytes,
                                    .is_removed = false});
  by_id_.emplace(id, number);
  queue_.push_back(number);
  if (deadline_ns != kForeverNs) by_deadline_.emplace(deadline_ns, number);
}

void Restorer::step(uint64_t now_ns) {
  give_up_late(now_ns);
  while (!queue_.empty()) {
    const Number number = queue_.front();
    const auto found = restores_.find(number);
    if (found != restores_.end()) {
      const uint64_t bytes = found->second.bytes;
      const bool fits = bytes_in_flight_ == 0 ||
                        bytes <= options_.in_flight_bytes_max -
                                     std::min(bytes_in_flight_, options_.in_flight_bytes_max);
      if (!fits) break;
      ask_for_memory(number, now_ns);
    }
    queue_.pop_front();
  }
  post();
}

void Restorer::ask_for_memory(Number number, uint64_t now_ns) {
  Restore& restore = restores_.at(number);
  restore.stage = Stage::kWaitsForMemory;
  bytes_in_flight_ += restore.bytes;
  const CreateSpec spec{.id = restore.copy.id,
                        .data_bytes = restore.copy.data_bytes,
                        .metadata_bytes = restore.copy.metadata_bytes,
                        .creator = kSpillSession,
                        .role = CopyRole::kPrimary,
                        .origin = restore.copy.origin,
                        .safety = Safety::kSpilled};
  // Its deadline is kept here, since it moves when somebody else comes to want it too.
  const auto outcome = admission_.submit(spec, {kSpillSession, number}, now_ns, kForeverNs);
  if (outcome) {
    on_create_outcome(*outcome, now_ns);
  } else {
    events_.on_relief();
  }
}

void Restorer::on_create_outcome(const CreateOutcome& outcome, uint64_t) {
  const Number number = outcome.ticket.tag;
  Restore& restore = restores_.at(number);
  if (!outcome.result) {
    // It is here after all, or being pulled: who waits hears of that.
    if (outcome.result.error().code == ErrorCode::kExists) {
      end(number);
      return;
    }
    return fail(number, outcome.result.error());
  }
  restore.stage = Stage::kReading;
  restore.ref = outcome.result->ref;
  reading_++;
  const uint64_t payload_bytes =
      transfer_bytes(restore.copy.data_bytes, restore.copy.metadata_bytes);
  orders_.push_back({.cookie = number,
                     .place = restore.place,
                     .copy = restore.copy,
                     .destination = arena_.subspan(outcome.result->offset, payload_bytes)});
}

void Restorer::post() {
  if (orders_.empty()) return;
  std::ranges::sort(orders_, {}, [](const RestoreOrder& order) {
    return std::tuple(order.place.store, order.place.segment, order.place.offset);
  });
  tier_.restore(std::exchange(orders_, {}));
}

void Restorer::on_restored(SpillCookie cookie, const Result<void>& result) {
  const auto number = static_cast<Number>(cookie);
  const auto found = restores_.find(number);
  OBJ_CHECK(found != restores_.end());  // the tier promises one completion for each order
  OBJ_CHECK(found->second.stage == Stage::kReading);
  if (!result && !found->second.is_removed) return fail(number, result.error());
  const Restore restore = end(number);
  // Removed meanwhile: that gives its memory back, too.
  const auto sealed = result ? store_.seal(restore.ref, kSpillSession)
                             : Result<Placement>(std::unexpected(result.error()));
  if (!result) (void)store_.abort(restore.ref, kSpillSession);
  events_.on_relief();
  if (!sealed || restore.is_removed) return;
  counters_.read.objects++;
  counters_.read.bytes += restore.bytes;
  spilled_.came_to_memory(restore.copy.id, sealed->ref);
  events_.on_restored(*sealed);
}

void Restorer::fail(Number number, const Error& error) {
  const bool was_reading = restores_.at(number).stage == Stage::kReading;
  const Restore restore = end(number);
  if (was_reading) {
    const auto aborted = store_.abort(restore.ref, kSpillSession);
    OBJ_CHECK(aborted.has_value());  // removed ones do not come here
    const bool is_damaged = error.code == ErrorCode::kInvalid || error.code == ErrorCode::kNotFound;
    (is_damaged ? counters_.damaged : counters_.failed_reads)++;
    events_.on_relief();
  }
  events_.on_failed(restore.copy.id, restore.place, error);
}

Restorer::Restore Restorer::end(Number number) {
  const Restore restore = restores_.extract(number).mapped();
  if (restore.stage != Stage::kQueued) bytes_in_flight_ -= restore.bytes;
  if (restore.stage == Stage::kReading) reading_--;
  if (!restore.is_removed) by_id_.erase(restore.copy.id);
  return restore;
}

void Restorer::on_removed(const ObjectId& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  const Number number = found->second;
  Restore& restore = restores_.at(number);
  if (restore.stage == Stage::kReading) {
    restore.is_removed = true;  // its memory is the tier's until the read has ended
    by_id_.erase(found);
    return;
  }
  if (restore.stage == Stage::kWaitsForMemory) admission_.cancel({kSpillSession, number});
  end(number);
}

// Of those that do not have their memory yet: nobody waits for them any more.
void Restorer::give_up_late(uint64_t now_ns) {
  while (!by_deadline_.empty() && by_deadline_.begin()->first <= now_ns) {
    const Number number = by_deadline_.begin()->second;
    by_deadline_.erase(by_deadline_.begin());
    const auto found = restores_.find(number);
    if (found == restores_.end() || found->second.deadline_ns > now_ns) continue;
    if (found->second.stage == Stage::kReading) continue;
    if (found->second.stage == Stage::kWaitsForMemory) {
      admission_.cancel({kSpillSession, number});
    }
    fail(number, {ErrorCode::kOutOfMemory, 0, "restore"});
  }
}

uint64_t Restorer::next_step_ns() const {
  if (!orders_.empty()) return 0;
  const bool can_ask = !queue_.empty() && bytes_in_flight_ == 0;
  if (can_ask) return 0;
  return by_deadline_.empty() ? kForeverNs : by_deadline_.begin()->first;
}

}  // namespace obj
