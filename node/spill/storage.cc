// SPDX-License-Identifier: Apache-2.0
#include "node/spill/storage.hh"

#include <algorithm>

#include "base/check.hh"
#include "base/log.hh"

namespace obj {

Storage::Storage(const StorageParts& parts, const StorageOptions& options)
    : store_(parts.store),
      admission_(parts.admission),
      tier_(parts.tier),
      news_(parts.news),
      grace_ns_(options.grace_ns),
      spiller_(parts.store, parts.pins, parts.arena, parts.tier, spilled_, options.spiller,
               {.origin_of = parts.origin_of,
                .on_safe = [](const SpilledObject&) {},
                .on_answer =
                    [this](QuestionTag tag, const Result<void>& result) {
                      news_.on_spilled(tag, result, result ? "" : spiller_.last_error());
                    },
                .on_relief = [this] { news_.on_storage_relief(); }}),
      restorer_(
          parts.store, parts.admission, parts.arena, parts.tier, spilled_, options.restorer,
          {.on_restored = [this](const Placement& placement) { news_.on_recalled(placement); },
           .on_failed = [this](const ObjectId& id, const SpillPlace& place,
                               const Error& error) { tell_failure(id, place, error); },
           .on_relief = [this] { news_.on_storage_relief(); }}) {
  store_.keep_only_copies(spilled_);
  store_.add_listener(*this);
}

Storage::~Storage() { store_.remove_listener(*this); }

void Storage::found(const FoundRecord& record) {
  const SpilledObject* const known = spilled_.find(record.copy.id);
  if (known == nullptr) return spilled_.add({record.copy, record.place, {}, false});
  log::warn("two_records_of_one_id",
            {{"id", to_hex(record.copy.id)}, {"kept", tier_.url(known->place)}});
  tier_.remove(record.place);
}

void Storage::step(uint64_t now_ns) {
  now_ns_ = now_ns;
  restorer_.step(now_ns);
  const CreateSpec* const front = admission_.front();
  if (front == nullptr) {
    front_since_ns_ = kForeverNs;
  } else if (front_since_ns_ == kForeverNs || front->id != front_id_) {
    front_id_ = front->id;
    front_since_ns_ = now_ns;
  }
  // A create for which memory is being cleared needs no help.
  spiller_.step(admission_.needs_turn() ? nullptr : front, now_ns);
}

uint64_t Storage::next_step_ns() const {
  const uint64_t patience_ns = front_since_ns_ == kForeverNs || spiller_.why_stuck().empty()
                                   ? kForeverNs
                                   : front_since_ns_ + grace_ns_;
  return std::min({spiller_.next_step_ns(), restorer_.next_step_ns(), patience_ns});
}

uint64_t Storage::count_unsafe() const {
  const Ledger& ledger = store_.ledger();
  return ledger.sealed.objects - ledger.secondary.objects - ledger.spilled.objects;
}

void Storage::recall(const ObjectId& id, uint64_t deadline_ns, uint64_t now_ns) {
  if (spilled_.find(id) != nullptr) restorer_.want(id, deadline_ns, now_ns);
}

void Storage::remove(const ObjectId& id) {
  restorer_.on_removed(id);
  if (spilled_.find(id) != nullptr) forget(id);
}

void Storage::forget(const ObjectId& id) {
  const SpilledObject object = *spilled_.find(id);
  spilled_.erase(id);
  tier_.remove(object.place);
  if (!object.in_memory && watcher_ != nullptr) watcher_->on_forgotten(object);
}

std::vector<ObjectId> Storage::list_cold() const {
  std::vector<ObjectId> ids;
  spilled_.for_each([&](const SpilledObject& object) {
    if (!object.in_memory) ids.push_back(object.copy.id);
  });
  return ids;
}

std::string Storage::why_hopeless(uint64_t now_ns) const {
  const bool has_waited = front_since_ns_ <= now_ns - std::min(now_ns, grace_ns_);
  return has_waited ? spiller_.why_stuck() : "";
}

void Storage::on_written(SpillCookie cookie, const Result<SpillPlace>& place) {
  spiller_.on_written(cookie, place, now_ns_);
}

void Storage::on_restored(SpillCookie cookie, const Result<void>& result) {
  restorer_.on_restored(cookie, result);
}

void Storage::on_gone(const Placement& placement, Departure why) {
  if (why == Departure::kAborted) return;
  if (why == Departure::kRemoved) spiller_.on_removed(placement.id, placement.ref);
  const SpilledObject* const object = spilled_.find(placement.id);
  // Another copy of that id may have come and gone beside the record.
  if (object == nullptr || !object->in_memory || object->ref != placement.ref) return;
  if (why == Departure::kRemoved) {
    forget(placement.id);
  } else {
    spilled_.left_memory(placement.id);
  }
}

void Storage::tell_failure(const ObjectId& id, const SpillPlace& place, const Error& error) {
  if (error.code == ErrorCode::kOutOfMemory) {
    return news_.on_recall_failed(id, error, "there was no room for it in memory in time");
  }
  const char* const what = error.code == ErrorCode::kInvalid    ? "is damaged"
                           : error.code == ErrorCode::kNotFound ? "is gone"
                                                                : "cannot be read";
  const std::string why = std::string("its record in storage ") + what + ": " + tier_.url(place);
  log::error("restore_failed", {{"id", to_hex(id)}, {"why", why}, {"error", error}});
  news_.on_recall_failed(id, error, why);
}

}  // namespace obj
