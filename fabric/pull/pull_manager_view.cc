// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull_manager_view.cc -- PullManager's state, for people and for tests.
#include "base/check.hh"
#include "fabric/pull/pull_manager.hh"

namespace obj {

namespace {

const char* what_it_waits_for(const Pull& pull) {
  switch (pull.state()) {
    case Pull::State::kWaiting: return pull.has_live_source() ? "memory" : "source";
    case Pull::State::kReading: return pull.has_live_source() ? "bytes" : "source";
    case Pull::State::kDraining: return "drain";
    case Pull::State::kSealed:
    case Pull::State::kFailed:
    case Pull::State::kCancelled: break;
  }
  return "check";
}

}  // namespace

TransferDescription PullManager::describe(const RunningPull& shown, uint64_t now_ns) const {
  const Pull& pull = shown.pull;
  const std::optional<PullClass> pull_class =
      shown.object == nullptr ? std::nullopt : shown.object->active_class();
  TransferDescription description{.id = pull.id(),
                                  .pull_class = pull_class.value_or(PullClass::kPrefetch),
                                  .transfer_bytes = pull.shape().transfer_bytes,
                                  .verified_bytes = pull.verified_bytes(),
                                  .sources = {},
                                  .waits_for = what_it_waits_for(pull)};
  for (size_t index = 0; index < shown.flows.size(); index++) {
    const PullSource& source = pull.sources()[index];
    if (source.state != PullSource::State::kLive) continue;
    description.sources.emplace_back(source.source.node,
                                     scheduler_.rate(*shown.flows[index], now_ns));
  }
  return description;
}

std::vector<TransferDescription> PullManager::transfers(uint64_t now_ns) {
  std::vector<TransferDescription> descriptions;
  running_.for_each(
      [&](const RunningPull& shown) { descriptions.push_back(describe(shown, now_ns)); });
  return descriptions;
}

void PullManager::check_bundle(const Bundle& bundle) {
  uint32_t missing = 0;
  uint32_t unlocated = 0;
  uint64_t extent_bytes = 0;
  for (const Want& want : bundle.wants) {
    OBJ_CHECK(want.bundle == &bundle);
    missing += want.object->local ? 0 : 1;
    unlocated += want.object->located ? 0 : 1;
    extent_bytes += want.object->extent_bytes;
  }
  OBJ_CHECK(bundle.missing == missing);
  OBJ_CHECK(bundle.unlocated == unlocated);
  OBJ_CHECK(bundle.extent_bytes == extent_bytes);
  OBJ_CHECK((bundle.unlocated > 0) == (bundle.state == Bundle::State::kLocating));
}

void PullManager::check_object(const WantedObject& object) const {
  PerClass<uint32_t> active;
  for (const Want* want = object.wants; want != nullptr; want = want->next) {
    OBJ_CHECK(want->object == &object);
    if (want->bundle->state == Bundle::State::kActive) active[want->bundle->pull_class]++;
  }
  OBJ_CHECK(active.values == object.active_bundles.values);
  OBJ_CHECK(object.charged_class == object.active_class());
  const bool counts = object.charged_class || object.pull != kNoPull || object.sealing;
  OBJ_CHECK(object.charged_bytes == (counts ? object.weight_bytes() : 0));
  OBJ_CHECK(object.pull == kNoPull || running_.find(object.pull) != nullptr);
  OBJ_CHECK(object.wants != nullptr || object.pull != kNoPull || object.sealing);
}

void PullManager::check_invariants() {
  OBJ_CHECK(unsettled_.empty());
  for (const auto& [id, bundle] : bundles_) check_bundle(*bundle);
  uint64_t held_bytes = 0;
  objects_.for_each([&](const WantedObject& object) {
    check_object(object);
    held_bytes += object.charged_bytes;
  });
  OBJ_CHECK(held_bytes == budget_.held_bytes());
  uint64_t in_flight_bytes = 0;
  running_.for_each(
      [&](const RunningPull& pull) { in_flight_bytes += pull.pull.in_flight_bytes(); });
  OBJ_CHECK(in_flight_bytes == scheduler_.in_flight_bytes());
}

}  // namespace obj
