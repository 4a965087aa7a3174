// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/sim_node.hh"

#include <algorithm>
#include <utility>
#include <variant>

#include "tests/sim/content.hh"

namespace obj::sim {

namespace {

uint64_t packed(ReadTicket ticket) { return uint64_t{ticket.pull} << 32 | ticket.part; }

}  // namespace

SimNode::SimNode(uint32_t number, const NodeOptions& options, EventQueue& queue, SimFabric& fabric,
                 DirectoryLink& directory, Violation& violation)
    : number_(number),
      options_(options),
      queue_(queue),
      fabric_(fabric),
      directory_(directory),
      violation_(violation),
      retries_(options_.pull, violation) {
  SimFabric::Port& port = fabric_.port(number_);
  port.on_read_done = [this](ReadTicket ticket, const Result<ReadProof>& result) {
    on_read_done(ticket, result);
  };
  port.on_check_done = [this](ReadTicket ticket, const Result<SlotSighting>& result) {
    on_check_done(ticket, result);
  };
}

// ---- life and death -----------------------------------------------------------------------------

void SimNode::start(uint64_t incarnation, uint64_t seed) {
  incarnation_ = incarnation;
  retries_.forget_all();
  // A slot's generation in a new life may well equal one of an earlier life.
  store_ = std::make_unique<SimStore>(
      options_.capacity_bytes, 1,
      SimStore::Hooks{.on_free =
                          [this](uint64_t offset, uint64_t size_bytes) {
                            fabric_.on_memory_freed(number_, offset, size_bytes);
                          },
                      .on_evicted =
                          [this](const SimObject& object) {
                            directory_.withdraw(object.id, self());
                            manager_->on_local_gone(object.id, queue_.now_ns());
                          }});
  manager_ = std::make_unique<PullManager>(options_.pull, seed);
  fabric_.port(number_).self = self();
  fabric_.port(number_).store = store_.get();
  settle();
}

void SimNode::kill() {
  fabric_.port(number_).store = nullptr;
  fabric_.port(number_).died_at_ns = queue_.now_ns();
  fabric_.on_reader_died(number_);
  manager_.reset();
  store_.reset();
  waiting_.clear();
  subscribed_.clear();
  posted_.clear();
  sources_told_.clear();
  outcomes_.clear();
}

// ---- clients ------------------------------------------------------------------------------------

bool SimNode::put(const ObjectId& id, const ObjectShape& shape) {
  const Result<SimObject*> created = store_->create(id, shape);
  if (!created) return settle(), false;
  SimObject& object = **created;
  object.primary = true;
  fill_content(store_->bytes(object.offset, shape.transfer_bytes), id, shape.origin);
  store_->seal(object);
  report(object);
  tell_local(object);
  settle();
  return true;
}

BundleId SimNode::request(PullClass pull_class, const std::vector<ObjectId>& ids) {
  const BundleId bundle = *manager_->request(pull_class, ids, queue_.now_ns());
  outcomes_[bundle] = {.ids = ids, .pull_class = pull_class, .started_ns = queue_.now_ns()};
  settle();
  return bundle;
}

void SimNode::cancel(BundleId bundle) {
  Outcome& outcome = outcomes_.at(bundle);
  if (outcome.ended_ns != 0) return;
  outcome.ended_ns = queue_.now_ns();
  outcome.cancelled = true;
  manager_->cancel(bundle);
  settle();
}

bool SimNode::pin(const ObjectId& id) {
  SimObject* const object = store_->find(id);
  if (object == nullptr || !object->sealed) return false;
  object->client_pins++;
  tell_local(*object);
  settle();
  return true;
}

void SimNode::unpin(const ObjectId& id) {
  SimObject* const object = store_->find(id);
  if (object != nullptr && object->client_pins > 0) {
    object->client_pins--;
    tell_local(*object);
  }
  settle();
}

bool SimNode::keep(const ObjectId& id) {
  SimObject* const object = store_->find(id);
  if (object == nullptr || !object->sealed) return false;
  object->primary = true;
  tell_local(*object);
  settle();
  return true;
}

bool SimNode::drop(const ObjectId& id) {
  SimObject* const object = store_->find(id);
  const bool may_go =
      object != nullptr && object->sealed && !object->pulls_pin && object->client_pins == 0;
  if (may_go) store_->destroy(*object);
  settle();
  return may_go;
}

void SimNode::set_bandwidth(uint64_t bytes_per_s) {
  manager_->set_pull_bandwidth(bytes_per_s, queue_.now_ns());
  settle();
}

// ---- events -------------------------------------------------------------------------------------

void SimNode::on_record(const ObjectId& id, const ObjectRecord& record) {
  if (!subscribed_.contains(id)) return;
  retries_.on_news(queue_.now_ns());
  manager_->on_located(id, record, queue_.now_ns());
  settle();
}

void SimNode::on_node_down(SourceNode node) {
  retries_.on_news(queue_.now_ns());
  manager_->on_node_down(node, queue_.now_ns());
  settle();
}

void SimNode::on_read_done(ReadTicket ticket, const Result<ReadProof>& result) {
  note_done(ticket, result ? std::nullopt : std::optional(result.error().code));
  manager_->on_read_done(ticket, result, queue_.now_ns());
  settle();
}

void SimNode::on_check_done(ReadTicket ticket, const Result<SlotSighting>& result) {
  note_done(ticket, result ? std::nullopt : std::optional(result.error().code));
  manager_->on_check_done(ticket, result, queue_.now_ns());
  settle();
}

void SimNode::note_posted(ReadTicket ticket, const ObjectId& id, const Source& source) {
  posted_[packed(ticket)] = {id, source, queue_.now_ns()};
  retries_.on_post(id, source, queue_.now_ns());
}

void SimNode::note_done(ReadTicket ticket, std::optional<ErrorCode> error) {
  const Posted posted = posted_.at(packed(ticket));
  posted_.erase(packed(ticket));
  // What was hurried had failed before: when its source stalled.
  if (posted.pull_is_over || error == ErrorCode::kCancelled) return;
  retries_.on_done(posted.id, posted.source, !error, posted.at_ns, queue_.now_ns());
}

// Another pull of the object knows nothing of what becomes of this one's checks.
void SimNode::note_pull_over(const ObjectId& id) {
  retries_.on_pull_over(id);
  for (auto& [ticket, posted] : posted_) posted.pull_is_over |= posted.id == id;
}

// ---- the driver ---------------------------------------------------------------------------------

void SimNode::settle() {
  if (std::exchange(settling_, true)) return;
  std::vector<PullAction> actions;
  do {
    actions.clear();
    grant_waiting();
    tell_budget();
    manager_->advance(queue_.now_ns(), actions);
    for (const PullAction& action : actions) carry_out(action);
  } while (!actions.empty());
  settling_ = false;
  manager_->check_invariants();
  check_budget();
  check_store();
  wake_at_deadline();
}

void SimNode::tell_local(const SimObject& object) {
  manager_->on_local(object.id, object.shape.extent_bytes,
                     object.others_hold() ? LocalHold::kOthersToo : LocalHold::kPulls,
                     queue_.now_ns());
}

void SimNode::tell_budget() {
  manager_->on_budget(store_->pull_limit_bytes(), store_->capacity_bytes());
}

void SimNode::wake_at_deadline() {
  const uint64_t deadline_ns = manager_->next_deadline_ns();
  if (deadline_ns >= wake_ns_) return;
  wake_ns_ = deadline_ns;
  queue_.at(deadline_ns, [this, deadline_ns] {
    if (wake_ns_ != deadline_ns) return;
    wake_ns_ = kForeverNs;
    if (is_up()) settle();
  });
}

void SimNode::carry_out(const PullAction& action) {
  std::visit([this](const auto& each) { handle(each); }, action);
}

void SimNode::handle(const pull_action::Subscribe& action) {
  subscribed_.insert(action.id);
  directory_.subscribe(number_, action.id);
  const SimObject* const object = store_->find(action.id);
  if (object == nullptr || !object->sealed) return;
  tell_local(*object);
}

void SimNode::handle(const pull_action::Unsubscribe& action) {
  if (subscribed_.erase(action.id) == 0) violation_.note("subscriptions: ended twice");
  directory_.unsubscribe(number_, action.id);
}

void SimNode::handle(const pull_action::Pin& action) {
  SimObject* const object = store_->find(action.id);
  if (object == nullptr || !object->sealed) {
    return manager_->on_local_gone(action.id, queue_.now_ns());
  }
  if (std::exchange(object->pulls_pin, true)) violation_.note("pins: pinned twice");
}

void SimNode::handle(const pull_action::Unpin& action) {
  SimObject* const object = store_->find(action.id);
  const bool was_pinned = object != nullptr && std::exchange(object->pulls_pin, false);
  if (!was_pinned) violation_.note("pins: unpinned without a pin");
}

void SimNode::handle(const pull_action::Reserve& action) { waiting_.push_back(action); }

// Strictly in order, as in store/admission.hh, but for one that fails for another reason.
void SimNode::grant_waiting() {
  while (!waiting_.empty()) {
    const pull_action::Reserve front = waiting_.front();
    const Result<SimObject*> created = store_->create(front.id, front.shape);
    if (!created && created.error().code == ErrorCode::kOutOfMemory) return;
    waiting_.pop_front();
    if (created) {
      (*created)->of_pull = true;
      manager_->on_granted(front.pull, (*created)->offset, queue_.now_ns());
    } else {
      manager_->on_refused(front.pull, created.error(), queue_.now_ns());
    }
  }
}

void SimNode::handle(const pull_action::Seal& action) {
  SimObject* const object = store_->find(action.id);
  if (object == nullptr || !object->of_pull) return violation_.note("seal: nothing was reserved");
  check_right(*object, object->shape.transfer_bytes, "wrong bytes: an object was made visible");
  object->of_pull = false;
  store_->seal(*object);
  report(*object);
  note_pull_over(action.id);
  tell_local(*object);
}

void SimNode::handle(const pull_action::Release& action) {
  note_pull_over(action.id);
  const auto is_it = [&](const auto& other) { return other.pull == action.pull; };
  if (std::erase_if(waiting_, is_it) > 0) return;
  SimObject* const object = store_->find(action.id);
  if (object == nullptr || !object->of_pull) return violation_.note("release: nothing reserved");
  if (object->ready_bytes > 0) directory_.withdraw(action.id, self());
  store_->destroy(*object);
}

void SimNode::handle(const pull_action::ShowReady& action) {
  SimObject* const object = store_->find(action.id);
  check_right(*object, action.ready_bytes, "wrong bytes: a partial copy was shown");
  const bool is_first = object->ready_bytes == 0;
  object->ready_bytes = action.ready_bytes;
  if (is_first) report(*object);  // how far it has come since, its readers see in the slot
}

void SimNode::handle(const pull_action::PostRead& action) {
  note_posted(action.ticket, action.id, action.source);
  fabric_.post(number_, action);
}

void SimNode::handle(const pull_action::PostCheck& action) {
  note_posted(action.ticket, action.id, action.source);
  fabric_.post(number_, action);
}

void SimNode::handle(const pull_action::HurryPart& action) {
  fabric_.hurry(number_, action.ticket);
}

void SimNode::handle(const pull_action::BundleDone& action) {
  Outcome& outcome = outcomes_.at(action.bundle);
  if (outcome.ended_ns != 0) violation_.note("ends: a bundle ended twice");
  outcome.ended_ns = queue_.now_ns();
  bundles_done_++;
  for (const ObjectId& id : outcome.ids) {
    const SimObject* const object = store_->find(id);
    if (object == nullptr || !object->sealed) {
      violation_.note("done: an object of the bundle is not here");
    } else {
      check_right(*object, object->shape.transfer_bytes, "wrong bytes: in a bundle that is done");
    }
  }
}

void SimNode::handle(const pull_action::BundleFailed& action) {
  Outcome& outcome = outcomes_.at(action.bundle);
  if (outcome.ended_ns != 0) violation_.note("ends: a bundle ended twice");
  outcome.ended_ns = queue_.now_ns();
  outcome.failure = action.failure;
  bundles_failed_++;
  if (std::ranges::find(outcome.ids, action.failure.object) == outcome.ids.end()) {
    violation_.note("failure: it names an object that is not of the bundle");
  }
}

void SimNode::report(const SimObject& object) {
  directory_.report(object.id, object.shape, store_->source_of(object, self()));
}

// ---- invariants ---------------------------------------------------------------------------------

void SimNode::check_right(const SimObject& object, uint64_t bytes, const char* when) {
  if (has_content(store_->bytes(object.offset, bytes), object.id, object.shape.origin)) return;
  violation_.note(std::string(when) + ", object " + to_hex(object.id) + " on node " +
                  std::to_string(number_) + " at " + std::to_string(queue_.now_ns()));
}

// Active bundles want no more than the limit, or there is only one.
void SimNode::check_budget() {
  const bool fits = manager_->budget().active_bytes() <= manager_->budget().limit_bytes();
  if (fits || manager_->activation().active_bundles() <= 1) return;
  violation_.note("budget: more is active than fits");
}

void SimNode::check_store() {
  if (store_->used_bytes() > store_->capacity_bytes()) violation_.note("budget: arena overfull");
  if (store_->reserved_by_pulls_bytes() > manager_->budget().held_bytes()) {
    violation_.note("ledger: the store has reserved more for pulls than they account for");
  }
  if (manager_->in_flight_bytes() > options_.pull.max_bytes_in_flight) {
    violation_.note("window: more bytes in flight than allowed");
  }
}

bool SimNode::is_idle() const {
  if (!is_up()) return true;
  const bool leaked = manager_->wanted_objects() > 0 || manager_->running_pulls() > 0 ||
                      manager_->budget().held_bytes() > 0 || !subscribed_.empty() ||
                      store_->reserved_by_pulls_bytes() > 0 || !posted_.empty();
  const bool pinned = std::ranges::any_of(store_->objects(), &SimObject::pulls_pin);
  return !leaked && !pinned && waiting_.empty();
}

}  // namespace obj::sim
