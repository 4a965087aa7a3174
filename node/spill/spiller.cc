// SPDX-License-Identifier: Apache-2.0
#include "node/spill/spiller.hh"

#include <algorithm>
#include <utility>

#include "base/check.hh"
#include "base/log.hh"
#include "store/extent_allocator.hh"
#include "store/shared/slot.hh"

namespace obj {
namespace {

uint64_t extent_bytes(const Placement& placement) {
  return ExtentAllocator::extent_bytes(
      transfer_bytes(placement.data_bytes, placement.metadata_bytes));
}

uint64_t share(uint64_t bytes, double part) {
  return static_cast<uint64_t>(static_cast<double>(bytes) * part);
}

}  // namespace

Spiller::Spiller(ObjectStore& store, DaemonPins& pins, std::span<const std::byte> arena,
                 SpillTier& tier, SpilledObjects& spilled, const SpillerOptions& options,
                 Events events)
    : store_(store),
      pins_(pins),
      arena_(arena),
      tier_(tier),
      spilled_(spilled),
      options_(options),
      events_(std::move(events)) {}

// ---- when ---------------------------------------------------------------------------------------

void Spiller::step(const CreateSpec* waiting, uint64_t now_ns) {
  for (const Answer& answer : std::exchange(answers_, {})) {
    events_.on_answer(answer.tag, answer.result);
  }
  next_step_ns_ = kForeverNs;
  if (may_write(now_ns)) {
    if (waiting != nullptr) relieve_create(*waiting, now_ns);
    relieve_watermark(now_ns);
  } else if (failing_since_ns_ != kForeverNs) {
    next_step_ns_ = retry_at_ns_;
  }
  post();
  if (!answers_.empty()) next_step_ns_ = now_ns;
}

bool Spiller::may_write(uint64_t now_ns) const { return now_ns >= retry_at_ns_; }

// What would be lost, were memory lost, and what cannot leave it now.
uint64_t Spiller::unsafe_bytes() const {
  const Ledger& ledger = store_.ledger();
  const uint64_t clean_bytes =
      ledger.secondary.bytes + ledger.spilled.bytes + ledger.being_spilled.bytes;
  return ledger.capacity_bytes - ledger.free_bytes - clean_bytes;
}

// One stretch at a time: what is on its way may be enough.
void Spiller::relieve_create(const CreateSpec& waiting, uint64_t now_ns) {
  if (for_creates_in_flight_ > 0 || !may_look(now_ns)) return;
  const uint64_t wanted_bytes = transfer_bytes(waiting.data_bytes, waiting.metadata_bytes);
  chosen_.clear();
  store_.choose_unsafe(std::max<uint64_t>(wanted_bytes, 1), UINT64_MAX, options_.batch_objects_max,
                       chosen_);
  begin(chosen_, true);
  note_look(now_ns);
}

void Spiller::note_look(uint64_t now_ns) {
  if (chosen_.empty()) look_at_ns_ = now_ns + kLookEveryNs;
  next_step_ns_ = std::min(next_step_ns_, now_ns + kLookEveryNs);
}

// Choosing reads everybody's pins: after a look in vain the next one waits a little. Readers do not
// tell when they let go.
bool Spiller::may_look(uint64_t now_ns) {
  if (now_ns >= look_at_ns_) return true;
  next_step_ns_ = std::min(next_step_ns_, look_at_ns_);
  return false;
}

void Spiller::relieve_watermark(uint64_t now_ns) {
  const uint64_t capacity_bytes = store_.ledger().capacity_bytes;
  const uint64_t low_bytes = share(capacity_bytes, options_.low);
  const uint64_t unsafe = unsafe_bytes();
  if (unsafe > share(capacity_bytes, options_.high)) is_above_ = true;
  if (unsafe <= low_bytes) is_above_ = false;
  if (!is_above_ || bytes_in_flight_ >= options_.in_flight_bytes_max) return;
  if (!may_look(now_ns)) return;
  const uint64_t excess_bytes = unsafe - low_bytes;
  const bool is_worth_it =
      excess_bytes >= std::min(options_.batch_bytes_min, capacity_bytes - low_bytes);
  if (!is_worth_it && unsafe <= share(capacity_bytes, options_.high)) return;
  chosen_.clear();
  store_.choose_unsafe(0, std::min(excess_bytes, options_.in_flight_bytes_max - bytes_in_flight_),
                       options_.batch_objects_max, chosen_);
  begin(chosen_, false);
  note_look(now_ns);
}

std::string Spiller::why_stuck() const {
  return writes_.empty() && failing_since_ns_ != kForeverNs ? last_error_ : "";
}

// ---- what ---------------------------------------------------------------------------------------

void Spiller::begin(std::span<const Placement> placements, bool is_for_create) {
  for (const Placement& placement : placements) begin(placement, is_for_create);
}

void Spiller::begin(const Placement& placement, bool is_for_create) {
  const bool is_marked = store_.set_safety(placement.ref, Safety::kBeingSpilled);
  OBJ_CHECK(is_marked);
  // Its memory is the tier's from here on, whoever removes the object.
  pins_.add(placement.ref);
  const SpillCookie cookie = ++last_cookie_;
  const uint64_t payload_bytes = transfer_bytes(placement.data_bytes, placement.metadata_bytes);
  const SpillCopy copy{.id = placement.id,
                       .origin = events_.origin_of(placement),
                       .data_bytes = placement.data_bytes,
                       .metadata_bytes = placement.metadata_bytes};
  orders_.push_back({cookie, copy, arena_.subspan(placement.offset, payload_bytes)});
  writes_.emplace(cookie, Write{.copy = copy,
                                .ref = placement.ref,
                                .bytes = extent_bytes(placement),
                                .tags = {},
                                .is_removed = false,
                                .is_for_create = is_for_create});
  by_id_[placement.id] = cookie;
  bytes_in_flight_ += extent_bytes(placement);
  if (is_for_create) for_creates_in_flight_++;
}

void Spiller::post() {
  if (!orders_.empty()) tier_.write(std::exchange(orders_, {}));
}

void Spiller::request(const ObjectId& id, QuestionTag tag) {
  const auto answer = [&](Result<void> result) { answers_.push_back({tag, std::move(result)}); };
  next_step_ns_ = 0;
  if (spilled_.find(id) != nullptr) return answer({});
  if (const auto under_way = by_id_.find(id); under_way != by_id_.end()) {
    writes_.at(under_way->second).tags.push_back(tag);
    return;
  }
  const auto sight = store_.look_up(id);
  if (!sight || !sight->sealed) {
    return answer(std::unexpected(Error{ErrorCode::kNotFound, 0, "spill"}));
  }
  // The node that has the primary cares for it.
  if (sight->placement.role == CopyRole::kSecondary) return answer({});
  begin(sight->placement, false);
  writes_.at(last_cookie_).tags.push_back(tag);
}

size_t Spiller::request_all() {
  size_t count = 0;
  constexpr size_t kChunk = 256;
  std::vector<Placement> chunk(kChunk);
  uint32_t cursor = 0;
  while (const size_t found = store_.list_sealed(cursor, chunk)) {
    for (size_t i = 0; i < found; i++) {
      const Placement& placement = chunk[i];
      const bool is_safe = placement.role == CopyRole::kSecondary ||
                           spilled_.find(placement.id) != nullptr || by_id_.contains(placement.id);
      if (is_safe) continue;
      begin(placement, false);
      count++;
    }
  }
  post();
  return count;
}

// ---- ends ---------------------------------------------------------------------------------------

void Spiller::on_written(SpillCookie cookie, const Result<SpillPlace>& place, uint64_t now_ns) {
  const auto ended = writes_.extract(cookie);
  OBJ_CHECK(!ended.empty());  // the tier promises one completion for each order
  const Write& write = ended.mapped();
  bytes_in_flight_ -= write.bytes;
  if (write.is_for_create) for_creates_in_flight_--;
  pins_.remove(write.ref);
  next_step_ns_ = 0;
  look_at_ns_ = 0;
  if (write.is_removed) {
    counters_.removed_while_written++;
    if (place) tier_.remove(*place);
    return events_.on_relief();  // its memory waited for this
  }
  by_id_.erase(write.copy.id);
  if (!place) {
    store_.set_safety(write.ref, Safety::kOnlyCopy);
    note_error(place.error(), now_ns);
    return answer_all(write.tags, std::unexpected(place.error()));
  }
  if (failing_since_ns_ != kForeverNs && cookie > failed_up_to_) {
    log::info("spill_works_again", {});
    failing_since_ns_ = kForeverNs;
  }
  counters_.written.objects++;
  counters_.written.bytes += write.bytes;
  const SpilledObject object{write.copy, *place, write.ref, true};
  spilled_.add(object);
  const bool is_there = store_.set_safety(write.ref, Safety::kSpilled);
  OBJ_CHECK(is_there);  // or on_removed() would have been called
  events_.on_safe(object);
  answer_all(write.tags, {});
  events_.on_relief();
}

// A burst of failures is one failure: it is logged once, and storage is left alone for a while.
void Spiller::note_error(const Error& error, uint64_t now_ns) {
  counters_.failed_writes++;
  failed_up_to_ = last_cookie_;
  retry_at_ns_ = now_ns + options_.retry_ns;
  last_error_ = error.code == ErrorCode::kLimit
                    ? "the storage of spilled objects is full"
                    : "the storage of spilled objects fails: " + log::Field("", error).value;
  if (failing_since_ns_ != kForeverNs) return;
  failing_since_ns_ = now_ns;
  log::warn("spill_fails",
            {{"why", last_error_}, {"note", "objects stay in memory, and are tried again"}});
}

void Spiller::answer_all(const std::vector<QuestionTag>& tags, const Result<void>& result) {
  for (const QuestionTag tag : tags) answers_.push_back({tag, result});
}

void Spiller::on_removed(const ObjectId& id, ObjectRef ref) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  Write& write = writes_.at(found->second);
  if (write.ref != ref) return;
  write.is_removed = true;
  answer_all(std::exchange(write.tags, {}),
             std::unexpected(Error{ErrorCode::kCancelled, 0, "deleted"}));
  by_id_.erase(found);
  next_step_ns_ = 0;
}

}  // namespace obj
