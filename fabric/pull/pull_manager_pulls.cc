// SPDX-License-Identifier: Apache-2.0
// fabric/pull/pull_manager_pulls.cc -- the half of PullManager that runs pulls and posts reads.
#include <algorithm>
#include <variant>

#include "base/check.hh"
#include "fabric/pull/pull_manager.hh"

namespace obj {

namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

}  // namespace

void PullManager::set_pull_bandwidth(uint64_t bytes_per_s, uint64_t now_ns) {
  scheduler_.set_bandwidth(bytes_per_s, now_ns);
}

void PullManager::set_pull_bandwidth(PullClass pull_class, uint64_t bytes_per_s, uint64_t now_ns) {
  scheduler_.set_bandwidth(pull_class, bytes_per_s, now_ns);
}

// ---- answers ------------------------------------------------------------------------------------

RunningPull& PullManager::running(PullKey key) const {
  RunningPull* const found = running_.find(key);
  OBJ_CHECK(found != nullptr);
  return *found;
}

// Null if the pull has ended meanwhile: its Release is on its way to the driver.
RunningPull* PullManager::waiting(PullKey key) const {
  RunningPull* const found = running_.find(key);
  return found != nullptr && found->pull.state() == Pull::State::kWaiting ? found : nullptr;
}

void PullManager::on_granted(PullKey key, uint64_t destination_offset, uint64_t now_ns) {
  RunningPull* const granted = waiting(key);
  if (granted == nullptr) return;
  granted->destination_offset = destination_offset;
  granted->pull.on_granted(now_ns, pull_actions_);
  after_event(*granted, now_ns);
}

void PullManager::on_refused(PullKey key, const Error& error, uint64_t now_ns) {
  RunningPull* const refused = waiting(key);
  if (refused == nullptr) return;
  refused->pull.on_refused(error, now_ns, pull_actions_);
  after_event(*refused, now_ns);
}

void PullManager::on_seal_failed(const ObjectId& id, const Error& error, uint64_t now_ns) {
  WantedObject* const object = objects_.find(id);
  OBJ_CHECK(object != nullptr && object->sealing);
  object->sealing = false;
  fail_bundles(*object, {.error = error, .object = id}, true);
  mark(*object);
  update_located(*object, now_ns);
}

void PullManager::on_read_done(ReadTicket ticket, const Result<ReadProof>& result,
                               uint64_t now_ns) {
  RunningPull& reader = running(ticket.pull);
  ReadScheduler::Flow& flow = *reader.flows[reader.pull.source_of(ticket.part)];
  const uint32_t size_bytes = reader.pull.size_bytes_of(ticket.part);
  scheduler_.on_completed(flow, size_bytes, result.has_value(), now_ns);
  reader.pull.on_read_done(ticket.part, result, now_ns, pull_actions_);
  after_event(reader, now_ns);
}

void PullManager::on_check_done(ReadTicket ticket, const Result<SlotSighting>& result,
                                uint64_t now_ns) {
  RunningPull& reader = running(ticket.pull);
  reader.pull.on_check_done(ticket.part, result, now_ns, pull_actions_);
  after_event(reader, now_ns);
}

// ---- pulls --------------------------------------------------------------------------------------

void PullManager::start_pull(WantedObject& object, uint64_t now_ns) {
  RunningPull& started = running_.add(object, options_, jitter_.next());
  object.pull = started.key;
  tell_sources(started, now_ns);
}

void PullManager::tell_sources(RunningPull& told, uint64_t now_ns) {
  const ObjectRecord& record = told.object->record;
  // Copies of another origin are another object's: settle() ends this pull.
  if (record.shape == told.pull.shape()) {
    told.pull.on_sources(record.sources, record.spilled_at, now_ns, pull_actions_);
  }
  after_event(told, now_ns);
}

// Carries out what the pull decided and brings flows, timers and the tables in step with it.
// `changed` may be gone afterwards.
void PullManager::after_event(RunningPull& changed, uint64_t now_ns) {
  for (const Pull::Action& action : pull_actions_) carry_out(changed, action);
  pull_actions_.clear();
  if (changed.pull.ended() && changed.object != nullptr) {
    changed.object->pull = kNoPull;
    mark(*changed.object);
    changed.object = nullptr;
  }
  if (changed.pull.idle()) {
    for (auto& flow : changed.flows) scheduler_.detach(*flow);
    running_.remove(changed);
    return;
  }
  fit_flows(changed, now_ns);
  running_.arm(changed);
}

void PullManager::carry_out(RunningPull& from, const Pull::Action& action) {
  using namespace pull_action;
  const ObjectId& id = from.pull.id();
  const auto sources = from.pull.sources();
  std::visit(
      Overloaded{
          [&](const Pull::Reserve&) {
            actions_.push_back(Reserve{from.key, id, from.pull.shape()});
          },
          [&](const Pull::CheckSource& check) {
            actions_.push_back(PostCheck{
                {from.key, Pull::kCheckPart + check.source}, id, sources[check.source].source});
          },
          [&](const Pull::HurryPart& hurry) {
            actions_.push_back(HurryPart{{from.key, hurry.part}, hurry.node});
          },
          [&](const Pull::AskRestore& ask) { actions_.push_back(AskRestore{id, ask.node}); },
          [&](const Pull::ReportStale& stale) {
            actions_.push_back(ReportStale{id, stale.source});
          },
          [&](const Pull::ShowReady& show) {
            actions_.push_back(ShowReady{from.key, id, show.ready_bytes});
          },
          [&](const Pull::TellFailure& told) { fail_bundles(*from.object, told.failure, true); },
          [&](const Pull::Seal&) {
            from.object->sealing = true;
            actions_.push_back(Seal{from.key, id});
          },
          [&](const Pull::Release&) { actions_.push_back(Release{from.key, id}); },
      },
      action);
}

// One flow for each source; in line if there is something to read from it.
void PullManager::fit_flows(RunningPull& fitted, uint64_t now_ns) {
  const auto sources = fitted.pull.sources();
  const std::optional<PullClass> pull_class =
      fitted.object == nullptr ? std::nullopt : fitted.object->active_class();
  for (uint32_t index = 0; index < sources.size(); index++) {
    const SourceNode node = sources[index].source.node;
    if (index == fitted.flows.size()) {
      fitted.flows.push_back(std::make_unique<ReadScheduler::Flow>(fitted.key, index));
    }
    ReadScheduler::Flow& flow = *fitted.flows[index];
    // An entry of the pull that became free can be another node's now.
    if (flow.attached() && scheduler_.node_of(flow) != node) scheduler_.detach(flow);
    if (!flow.attached()) scheduler_.attach(flow, node);
    if (pull_class && fitted.pull.next_read_bytes(index, now_ns) > 0) {
      scheduler_.offer(flow, *pull_class);
    }
  }
}

// ---- reads --------------------------------------------------------------------------------------

void PullManager::pump(uint64_t now_ns) {
  while (ReadScheduler::Flow* flow = scheduler_.next(now_ns)) {
    RunningPull& reader = running(flow->pull);
    const uint32_t size_bytes = reader.pull.next_read_bytes(flow->source, now_ns);
    if (size_bytes == 0 || !is_worth_it(reader, flow->source, size_bytes, now_ns)) {
      scheduler_.withdraw(*flow);
    } else if (scheduler_.fits(size_bytes)) {
      post_read(reader, *flow, now_ns);
    } else {
      return;
    }
  }
}

// Not if another source would have delivered everything that is missing before this one delivers
// one chunk: the pull would end up waiting for it. A source of unknown speed is given a try. The
// other one must be in line itself: else each could leave the reads to one that had left them to
// it.
bool PullManager::is_worth_it(RunningPull& reader, uint32_t source, uint32_t size_bytes,
                              uint64_t now_ns) {
  const auto sources = reader.pull.sources();
  if (sources.size() == 1) return true;
  const uint64_t finish_ns = scheduler_.finish_ns(*reader.flows[source], size_bytes, now_ns);
  if (finish_ns == kForeverNs) return true;
  for (uint32_t other = 0; other < sources.size(); other++) {
    const bool can_do_all = other != source && reader.flows[other]->in_ring() &&
                            reader.pull.next_read_bytes(other, now_ns) > 0 &&
                            sources[other].source.ready_bytes == reader.pull.shape().transfer_bytes;
    if (!can_do_all) continue;
    const uint64_t all_ns =
        scheduler_.finish_ns(*reader.flows[other], reader.pull.missing_bytes(), now_ns);
    if (all_ns < finish_ns) return false;
  }
  return true;
}

void PullManager::post_read(RunningPull& reader, ReadScheduler::Flow& flow, uint64_t now_ns) {
  const Pull::Read read = reader.pull.take_read(flow.source, now_ns);
  scheduler_.on_posted(flow, read.size_bytes, now_ns);
  running_.arm(reader);
  actions_.push_back(
      pull_action::PostRead{.ticket = {reader.key, read.part},
                            .id = reader.pull.id(),
                            .source = reader.pull.sources()[flow.source].source,
                            .pull_class = flow.pull_class(),
                            .object_offset = read.offset,
                            .destination_offset = reader.destination_offset + read.offset,
                            .size_bytes = read.size_bytes});
}

}  // namespace obj
