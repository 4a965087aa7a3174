// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull_manager.cc -- the half of PullManager that is about bundles and objects.
#include "fabric/pull/pull_manager.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj {

namespace {

// Far above any arena; below it, sums over kObjectsMax objects do not wrap.
constexpr uint64_t kExtentBytesMax = uint64_t{1} << 43;
static_assert(kExtentBytesMax <= UINT64_MAX / PullManager::kObjectsMax);

// Null: no node has all of it in memory.
const Source* whole_source(const ObjectRecord& record) {
  const auto found = std::find_if(
      record.sources.begin(), record.sources.end(),
      [&](const Source& source) { return source.ready_bytes >= record.shape->transfer_bytes; });
  return found == record.sources.end() ? nullptr : &*found;
}

}  // namespace

PullManager::PullManager(const PullOptions& options, uint64_t seed)
    : options_(options),
      jitter_(seed),
      choice_seed_(jitter_.next()),
      activation_(options_, budget_),
      scheduler_(options_) {}

PullManager::~PullManager() {
  running_.for_each([this](RunningPull& running) {
    for (auto& flow : running.flows) scheduler_.withdraw(*flow);
  });
}

// ---- bundles ------------------------------------------------------------------------------------

Result<BundleId> PullManager::request(PullClass pull_class, std::span<const ObjectId> ids,
                                      uint64_t now_ns) {
  if (ids.size() > kObjectsMax - std::min(objects_.size(), kObjectsMax)) {
    return std::unexpected(Error{ErrorCode::kLimit, 0, "objects wanted at once"});
  }
  const BundleId id = next_bundle_++;
  Bundle& bundle = *bundles_.emplace(id, std::make_unique<Bundle>()).first->second;
  bundle.id = id;
  bundle.pull_class = pull_class;
  std::vector<WantedObject*> fresh;
  objects_.link(bundle, ids, fresh);
  for (WantedObject* object : fresh) {
    actions_.push_back(pull_action::Subscribe{object->id});
  }
  for (const Want& want : bundle.wants) {
    bundle.missing += want.object->local ? 0 : 1;
    bundle.unlocated += want.object->located ? 0 : 1;
    bundle.extent_bytes += want.object->extent_bytes;
  }
  review(bundle, now_ns);
  return id;
}

// What follows from its counters. May end the bundle.
void PullManager::review(Bundle& bundle, uint64_t now_ns) {
  note_whole(bundle);
  if (bundle.unlocated == 0 && bundle.state == Bundle::State::kLocating) {
    activation_.enqueue(bundle, now_ns);
    if (bundle.missing > 0) refuse_too_large({&bundle});
  }
}

void PullManager::cancel(BundleId id) {
  const auto found = bundles_.find(id);
  if (found != bundles_.end()) end_bundle(*found->second);
}

void PullManager::end_bundle(Bundle& bundle) {
  activation_.suspend(bundle);
  std::vector<WantedObject*> orphans;
  objects_.unlink(bundle, orphans);
  mark_all(bundle);
  for (WantedObject* object : orphans) {
    actions_.push_back(pull_action::Unsubscribe{object->id});
    // From here on nobody tells us what becomes of it.
    object->record = {};
    object->local = false;
    object->located = false;
    object->doomed_at_ns = kForeverNs;
  }
  bundles_.erase(BundleId{bundle.id});
}

std::vector<Bundle*> PullManager::bundles_of(const WantedObject& object) {
  std::vector<Bundle*> bundles;
  for (const Want* want = object.wants; want != nullptr; want = want->next) {
    bundles.push_back(want->bundle);
  }
  // Newest first in the list; answers go out in the order of the requests.
  std::reverse(bundles.begin(), bundles.end());
  return bundles;
}

void PullManager::note_whole(const Bundle& bundle) {
  if (bundle.missing == 0) whole_.push_back(bundle.id);
}

// Decided only now, and told before anything else: an object that no active bundle wants is not
// pinned, and may be evicted at any time before, also by what earlier actions make the driver do.
void PullManager::complete_bundles(std::vector<PullAction>& out) {
  for (const BundleId id : whole_) {
    const auto found = bundles_.find(id);
    if (found == bundles_.end() || found->second->missing > 0) continue;
    out.push_back(pull_action::BundleDone{id});
    end_bundle(*found->second);
  }
  whole_.clear();
}

void PullManager::fail_bundles(const WantedObject& object, const PullFailure& failure,
                               bool active_only) {
  for (Bundle* bundle : bundles_of(object)) {
    if (active_only && bundle->state != Bundle::State::kActive) continue;
    actions_.push_back(pull_action::BundleFailed{bundle->id, failure});
    end_bundle(*bundle);
  }
}

void PullManager::refuse_too_large(const std::vector<Bundle*>& bundles) {
  const uint64_t capacity_bytes = budget_.capacity_bytes();
  for (Bundle* bundle : bundles) {
    if (capacity_bytes == 0 || bundle->extent_bytes <= capacity_bytes) continue;
    const auto largest = std::max_element(bundle->wants.begin(), bundle->wants.end(),
                                          [](const Want& a, const Want& b) {
                                            return a.object->extent_bytes < b.object->extent_bytes;
                                          });
    actions_.push_back(pull_action::BundleFailed{
        bundle->id,
        {.error = {ErrorCode::kTooLarge, 0, "more than the arena's capacity"},
         .object = largest->object->id,
         .need_bytes = bundle->extent_bytes,
         .capacity_bytes = capacity_bytes}});
    end_bundle(*bundle);
  }
}

// ---- what is known of objects -------------------------------------------------------------------

bool PullManager::is_plausible(const ObjectShape& shape) const {
  return shape.extent_bytes > 0 && shape.extent_bytes <= kExtentBytesMax &&
         shape.transfer_bytes <= shape.extent_bytes &&
         shape.transfer_bytes / options_.object_chunk_size < Pull::kCheckPart - 1;
}

// Without what is impossible, what is dead, and more sources than are of use.
ObjectRecord PullManager::usable_part(const ObjectId& id, const ObjectRecord& record) const {
  if (!record.shape || !is_plausible(*record.shape)) {
    return {.shape = std::nullopt, .being_made = record.being_made};
  }
  const auto is_dead = [this](const SourceNode& node) {
    const auto found = dead_.find(node.node);
    return found != dead_.end() && found->second == node.incarnation;
  };
  ObjectRecord usable = record;
  std::erase_if(usable.sources, [&](const Source& source) { return is_dead(source.node); });
  if (usable.spilled_at && is_dead(*usable.spilled_at)) usable.spilled_at.reset();
  usable.sources = choose_sources(std::move(usable.sources), record.shape->transfer_bytes,
                                  options_.sources_max, choice_seed_ ^ hash(id, 0));
  return usable;
}

void PullManager::on_located(const ObjectId& id, const ObjectRecord& record, uint64_t now_ns) {
  WantedObject* const object = objects_.find(id);
  if (object == nullptr || object->wants == nullptr) return;
  ObjectRecord usable = usable_part(id, record);
  if (usable == object->record) return;
  object->record = std::move(usable);
  note_holders(*object);
  const bool is_lost = object->record.sources.empty() && !object->record.being_made;
  if (!is_lost) object->doomed_at_ns = kForeverNs;
  if (is_bereft(*object)) doom(*object, now_ns);
  mark(*object);
  if (object->pull != kNoPull) {
    tell_sources(running(object->pull), now_ns);
  } else if (!object->local && !object->sealing && object->record.shape) {
    set_extent(*object, object->record.shape->extent_bytes);
  }
  update_located(*object, now_ns);
}

void PullManager::on_local(const ObjectId& id, uint64_t extent_bytes, LocalHold hold,
                           uint64_t now_ns) {
  WantedObject* const object = objects_.find(id);
  if (object == nullptr) return;
  object->sealing = false;
  object->hold = hold;
  mark(*object);
  if (object->wants == nullptr || object->local) return;
  object->local = true;
  object->doomed_at_ns = kForeverNs;
  for (Bundle* bundle : bundles_of(*object)) {
    bundle->missing--;
    note_whole(*bundle);
  }
  if (object->pull == kNoPull) set_extent(*object, extent_bytes);
  update_located(*object, now_ns);
}

void PullManager::on_local_gone(const ObjectId& id, uint64_t now_ns) {
  WantedObject* const object = objects_.find(id);
  if (object == nullptr || !object->local) return;
  object->local = false;
  object->pinned = false;
  for (Want* want = object->wants; want != nullptr; want = want->next) want->bundle->missing++;
  mark(*object);
  update_located(*object, now_ns);
}

void PullManager::on_budget(uint64_t limit_bytes, uint64_t capacity_bytes) {
  const bool new_capacity = capacity_bytes != budget_.capacity_bytes();
  budget_.set(limit_bytes, capacity_bytes);
  if (!new_capacity) return;
  std::vector<Bundle*> bundles;
  for (auto& [id, bundle] : bundles_) bundles.push_back(bundle.get());
  refuse_too_large(bundles);
}

// REQUIRES: no pull of the object holds memory, since that is counted by its extent.
void PullManager::set_extent(WantedObject& object, uint64_t extent_bytes) {
  if (object.extent_bytes == extent_bytes) return;
  for (Want* want = object.wants; want != nullptr; want = want->next) {
    want->bundle->extent_bytes += extent_bytes - object.extent_bytes;
  }
  object.extent_bytes = extent_bytes;
  budget_.update(object);
  refuse_too_large(bundles_of(object));
}

void PullManager::update_located(WantedObject& object, uint64_t now_ns) {
  const ObjectRecord& record = object.record;
  const bool is_to_be_had =
      record.shape && !record.being_made && (!record.sources.empty() || record.spilled_at);
  // During the grace period after its last holder's death its bundles keep their place.
  const bool is_doomed = object.located && object.doomed_at_ns != kForeverNs;
  const bool located = object.local || is_to_be_had || is_doomed;
  if (located == object.located) return;
  object.located = located;
  for (Bundle* bundle : bundles_of(object)) {
    if (located) {
      bundle->unlocated--;
      review(*bundle, now_ns);
    } else {
      bundle->unlocated++;
      activation_.suspend(*bundle);
      mark_all(*bundle);
    }
  }
}

// ---- deaths -------------------------------------------------------------------------------------

void PullManager::on_node_down(SourceNode node, uint64_t now_ns) {
  dead_[node.node] = node.incarnation;
  objects_.for_each([&](WantedObject& object) { forget_node(object, node, now_ns); });
}

// Partial copies are holders only as long as none is whole: they are being filled from elsewhere.
void PullManager::note_holders(WantedObject& object) {
  const ObjectRecord& record = object.record;
  const Source* const whole = whole_source(record);
  if (whole != nullptr) {
    object.last_holder = whole->node;
    object.holder_died = false;
  } else if (!record.sources.empty() && object.last_holder == SourceNode{}) {
    object.last_holder = record.sources.front().node;
  }
}

// The last node that held all of it died, and what it left behind in part is gone as well.
bool PullManager::is_bereft(const WantedObject& object) {
  const ObjectRecord& record = object.record;
  return object.holder_died && record.sources.empty() && !record.spilled_at && !record.being_made &&
         !object.local;
}

void PullManager::forget_node(WantedObject& object, SourceNode node, uint64_t now_ns) {
  ObjectRecord& record = object.record;
  const bool held_all = whole_source(record) != nullptr;
  const size_t copies =
      std::erase_if(record.sources, [&](const Source& source) { return source.node == node; });
  const bool holds_all = whole_source(record) != nullptr;
  const bool was_last = (copies > 0 && (held_all || record.sources.empty()) && !holds_all) ||
                        record.spilled_at == node;
  if (was_last) object.last_holder = node;
  if (record.spilled_at == node) record.spilled_at.reset();
  // The directory may have taken the dead node's copies out before it told us of the death.
  if (object.last_holder == node && !holds_all) object.holder_died = true;
  if (object.pull != kNoPull) {
    RunningPull& pull = running(object.pull);
    pull.pull.on_node_down(node, now_ns, pull_actions_);
    after_event(pull, now_ns);
  }
  if (is_bereft(object)) doom(object, now_ns);
  mark(object);
  update_located(object, now_ns);
}

void PullManager::doom(WantedObject& object, uint64_t now_ns) {
  if (object.wants == nullptr || object.doomed_at_ns != kForeverNs) return;
  object.doomed_at_ns = now_ns + uint64_t{options_.no_source_grace_ms} * 1'000'000;
  dooms_.push_back({object.doomed_at_ns, object.id});
}

void PullManager::run_dooms(uint64_t now_ns) {
  while (!dooms_.empty() && dooms_.front().at_ns <= now_ns) {
    const Doom due = dooms_.front();
    dooms_.pop_front();
    WantedObject* const object = objects_.find(due.id);
    if (object == nullptr || object->doomed_at_ns != due.at_ns) continue;
    object->doomed_at_ns = kForeverNs;
    fail_bundles(*object,
                 {.error = {ErrorCode::kDisconnected, 0, "the last holder died"},
                  .object = object->id,
                  .node = object->last_holder},
                 false);
    update_located(*object, now_ns);
  }
}

// ---- what objects need --------------------------------------------------------------------------

void PullManager::mark(WantedObject& object) {
  if (object.unsettled) return;
  object.unsettled = true;
  unsettled_.push_back(&object);
}

void PullManager::mark_all(const Bundle& bundle) {
  for (const Want& want : bundle.wants) mark(*want.object);
}

// By index: settling one object may mark others.
void PullManager::settle_marked(uint64_t now_ns) {
  for (size_t i = 0; i < unsettled_.size(); i++) settle(*unsettled_[i], now_ns);
  unsettled_.clear();
}

void PullManager::settle(WantedObject& object, uint64_t now_ns) {
  object.unsettled = false;
  settle_pin(object);
  settle_pull(object, now_ns);
  budget_.update(object);
  const bool is_over = object.wants == nullptr && object.pull == kNoPull && !object.sealing;
  if (is_over && !object.unsettled) objects_.erase(object);
}

void PullManager::settle_pin(WantedObject& object) {
  const bool needs_pin = object.local && object.active_class();
  if (needs_pin == object.pinned) return;
  object.pinned = needs_pin;
  if (needs_pin) {
    actions_.push_back(pull_action::Pin{object.id});
  } else {
    actions_.push_back(pull_action::Unpin{object.id});
  }
}

void PullManager::settle_pull(WantedObject& object, uint64_t now_ns) {
  const ObjectRecord& record = object.record;
  const bool holds_memory = object.pull != kNoPull || object.sealing || object.local;
  if (!holds_memory && record.shape) set_extent(object, record.shape->extent_bytes);
  // Only now: the bundle may have turned out too large.
  const bool needs_pull =
      !object.local && object.active_class() && record.shape && !record.being_made;
  if (object.pull != kNoPull) {
    RunningPull& pull = running(object.pull);
    const bool is_right = needs_pull && pull.pull.shape() == *record.shape;
    if (!is_right) pull.pull.cancel(pull_actions_);
    after_event(pull, now_ns);
  } else if (needs_pull && !object.sealing && (!record.sources.empty() || record.spilled_at)) {
    start_pull(object, now_ns);
  }
}

void PullManager::advance(uint64_t now_ns, std::vector<PullAction>& out) {
  complete_bundles(out);
  run_dooms(now_ns);
  while (RunningPull* due = running_.next_due(now_ns)) {
    due->pull.tick(now_ns, pull_actions_);
    after_event(*due, now_ns);
  }
  std::vector<Bundle*> changed;
  do {
    settle_marked(now_ns);
    activation_.plan(now_ns, changed);
    for (const Bundle* bundle : changed) mark_all(*bundle);
    changed.clear();
  } while (!unsettled_.empty());
  pump(now_ns);
  out.insert(out.end(), actions_.begin(), actions_.end());
  actions_.clear();
}

uint64_t PullManager::next_deadline_ns() {
  const uint64_t doom_ns = dooms_.empty() ? kForeverNs : dooms_.front().at_ns;
  return std::min({doom_ns, running_.next_deadline_ns(), scheduler_.next_deadline_ns()});
}

}  // namespace obj
