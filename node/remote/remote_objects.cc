// SPDX-License-Identifier: Apache-2.0
#include "node/remote/remote_objects.hh"

#include <array>
#include <utility>

#include "base/log.hh"
#include "node/remote/locations.hh"

namespace obj {
namespace {

SourceNode self_of(const directory::DirectoryClientOptions& options) { return options.node.node; }

std::string sentence(const Error& error) { return log::Field("", error).value; }

// Cursors of the inventory beyond this are those of what is in storage.
constexpr uint64_t kSlotsListed = uint64_t{1} << 32;

}  // namespace

RemoteObjects::RemoteObjects(const RemoteSeams& seams, const RemoteOptions& options,
                             uint64_t now_ns)
    : store_(seams.store),
      news_(seams.news),
      self_(self_of(options.directory)),
      now_ns_(now_ns),
      directory_(seams.to_directory, *this, options.directory, options.seed, now_ns),
      driver_(
          {.store = seams.store,
           .admission = seams.admission,
           .pins = seams.pins,
           .arena = seams.arena,
           .directory = directory_,
           .recall = [this](const ObjectId& id) { return recall(id); },
           .ask_restore = [this](const ObjectId& id, SourceNode node) { ask_restore(id, node); }},
          options.pull, self_, options.seed, seams.news),
      held_(seams.store, seams.pins, seams.arena,
            [this](ObjectRef ref) { driver_.on_unheld(ref); }),
      pushes_(
          seams.to_nodes,
          {.on_asked = [this](const ObjectId& id) { return news_.on_push(id, now_ns_); },
           .on_restore_asked = [this](const ObjectId& id) { recall(id); },
           .on_pushed = [this](uint64_t tag, const Result<void>& result,
                               const std::string& why) { news_.on_pushed(tag, result, why); }}) {
  store_.add_listener(*this);
}

RemoteObjects::~RemoteObjects() {
  store_.remove_listener(*this);
  if (storage_ != nullptr) storage_->set_watcher(nullptr);
}

void RemoteObjects::set_storage(ColdStorage& storage) {
  storage_ = &storage;
  storage.set_watcher(this);
}

void RemoteObjects::step(uint64_t now_ns) {
  now_ns_ = now_ns;
  const Ledger& ledger = store_.ledger();
  directory_.set_load({.used_bytes = ledger.capacity_bytes - ledger.free_bytes,
                       .load = static_cast<uint32_t>(driver_.reads_in_flight())});
  directory_.step(now_ns);
  pushes_.step(now_ns);
  driver_.settle(now_ns);
  // What was decided may be news for the directory: it goes now.
  if (directory_.next_step_ns() == 0) directory_.step(now_ns);
}

uint64_t RemoteObjects::next_step_ns() {
  return std::min({directory_.next_step_ns(), pushes_.next_step_ns(), driver_.next_step_ns()});
}

void RemoteObjects::stop(uint64_t now_ns) { driver_.stop(now_ns); }

// ---- what this node wants -----------------------------------------------------------------------

Result<BundleId> RemoteObjects::want(PullClass pull_class, std::span<const ObjectId> ids,
                                     uint64_t now_ns) {
  return driver_.request(pull_class, ids, now_ns);
}

void RemoteObjects::unwant(BundleId bundle) { driver_.cancel(bundle); }

Elsewhere::Whereabouts RemoteObjects::whereabouts(const ObjectId& id) {
  const auto* const located = directory_.known(id);
  if (located != nullptr && !located->copies.empty()) return Whereabouts::kSomewhere;
  if (!directory_.connected()) return Whereabouts::kUnknown;
  return Whereabouts::kNowhere;
}

void RemoteObjects::on_create_outcome(const CreateOutcome& outcome, uint64_t now_ns) {
  driver_.on_create_outcome(outcome, now_ns);
}

void RemoteObjects::on_locations(const ObjectId& id, const directory::Located& located) {
  driver_.on_locations(id, located, now_ns_);
}

// ---- what this node holds -----------------------------------------------------------------------

void RemoteObjects::on_sealed(const Placement& placement) {
  directory_.report(placement.id, shape_of(placement, self_),
                    copy_of(placement, directory::CopyState::kSealed));
  driver_.on_sealed(placement, now_ns_);
}

void RemoteObjects::on_gone(const Placement& placement, Departure why) {
  const SpilledObject* const record = storage_ != nullptr ? storage_->find(placement.id) : nullptr;
  if (why == Departure::kEvicted && record != nullptr && record->ref == placement.ref) {
    report_spilled(*record);
  } else {
    directory_.withdraw(placement.id, placement.ref.slot, placement.ref.generation);
  }
  driver_.on_gone(placement, now_ns_);
}

void RemoteObjects::report_spilled(const SpilledObject& object) {
  const SpillCopy& copy = object.copy;
  directory_.report(copy.id, {copy.data_bytes, copy.metadata_bytes, copy.origin},
                    directory::spilled_copy(copy.origin));
}

void RemoteObjects::on_forgotten(const SpilledObject& object) {
  directory_.withdraw(object.copy.id, directory::kSpilledSlot, object.copy.origin);
}

size_t RemoteObjects::next_of_inventory(uint64_t& cursor, std::span<directory::CopyReport> chunk) {
  inventory_.resize(chunk.size());
  auto slot = static_cast<uint32_t>(cursor);
  if (cursor == 0 && storage_ != nullptr) cold_inventory_ = storage_->list_cold();
  if (cursor > kSlotsListed) {
    size_t next = cursor - kSlotsListed - 1;
    const size_t count = next_of_cold_inventory(next, chunk);
    cursor = kSlotsListed + 1 + next;
    return count;
  }
  const size_t count = store_.list_sealed(slot, inventory_);
  cursor = slot;
  if (count == 0) {
    cursor = kSlotsListed + 1;
    return next_of_inventory(cursor, chunk);
  }
  for (size_t i = 0; i < count; i++) {
    const Placement& placement = inventory_[i];
    chunk[i] = directory::held(placement.id, shape_of(placement, self_),
                               copy_of(placement, directory::CopyState::kSealed));
  }
  return count;
}

// What has come back to memory since it was listed has been reported then.
size_t RemoteObjects::next_of_cold_inventory(size_t& next, std::span<directory::CopyReport> chunk) {
  size_t count = 0;
  while (next < cold_inventory_.size() && count < chunk.size()) {
    const SpilledObject* const object = storage_->find(cold_inventory_[next++]);
    if (object == nullptr || object->in_memory) continue;
    const SpillCopy& copy = object->copy;
    chunk[count++] = directory::held(copy.id, {copy.data_bytes, copy.metadata_bytes, copy.origin},
                                     directory::spilled_copy(copy.origin));
  }
  return count;
}

// The order names the copy as it was reported, in memory or in storage. It may have moved between
// the two meanwhile.
void RemoteObjects::on_free_order(const directory::FreeOrder& order) {
  const ObjectRef ref{order.slot, order.generation};
  const auto sight = store_.look(ref);
  const bool is_in_memory = sight && sight->placement.id == order.id;
  const SpilledObject* const record = storage_ != nullptr ? storage_->find(order.id) : nullptr;
  const bool is_in_storage = record != nullptr && (order.slot == directory::kSpilledSlot
                                                       ? record->copy.origin == order.generation
                                                       : record->ref == ref);
  if (!is_in_memory && !is_in_storage) return;
  if (is_in_memory || record->in_memory) store_.remove(order.id);
  if (storage_ != nullptr) storage_->remove(order.id);
  news_.on_relief();
}

// ---- storage ------------------------------------------------------------------------------------

bool RemoteObjects::recall(const ObjectId& id) {
  if (storage_ == nullptr || storage_->find(id) == nullptr) return false;
  storage_->recall(id, now_ns_ + kRecalledNs, now_ns_);
  return true;
}

void RemoteObjects::ask_restore(const ObjectId& id, SourceNode node) {
  const directory::RequestTag question = tag_of(Asker::kRestore, ++last_question_);
  if (directory_.find_node(node.node, question, now_ns_ + kAnswerNs)) {
    restore_wishes_.emplace(question, id);
  }
}

void RemoteObjects::on_conflict(const ObjectId& id) {
  log::warn("two_puts_of_one_id",
            {{"id", to_hex(id)},
             {"note",
              "another node put this id first: other nodes see that object, this node its "
              "own until it is deleted or evicted"}});
}

// ---- delete, push -------------------------------------------------------------------------------

Result<void> RemoteObjects::free(const ObjectId& id, QuestionTag tag, uint64_t now_ns) {
  return directory_.free(id, tag, now_ns + kAnswerNs);
}

void RemoteObjects::on_freed(directory::RequestTag tag, const Result<uint32_t>& holders) {
  news_.on_freed(tag, holders,
                 holders ? ""
                         : "deleted here, but the directory could not be told (" +
                               sentence(holders.error()) + "): other nodes may keep copies");
}

Result<void> RemoteObjects::push(const ObjectId& id, uint32_t node, QuestionTag tag,
                                 uint64_t now_ns) {
  const directory::RequestTag question = tag_of(Asker::kPush, ++last_question_);
  const auto asked = directory_.find_node(node, question, now_ns + kAnswerNs);
  if (asked) push_wishes_.emplace(question, PushWish{id, tag});
  return asked;
}

void RemoteObjects::on_node(directory::RequestTag tag, const Result<directory::NodeAnswer>& node) {
  if (const auto asked = restore_wishes_.extract(tag); !asked.empty()) {
    const bool is_alive = node && node->status == directory::NodeStatus::kAlive;
    if (is_alive) pushes_.ask_restore(asked.mapped(), node->info.address);
    return;
  }
  const auto wish = push_wishes_.extract(tag);
  if (wish.empty()) return driver_.on_node(tag, node, now_ns_);
  const auto [id, question] = wish.mapped();
  if (!node) {
    return news_.on_pushed(
        question, std::unexpected(node.error()),
        "the directory did not say where the node is: " + sentence(node.error()));
  }
  if (node->status != directory::NodeStatus::kAlive) {
    return news_.on_pushed(question, std::unexpected(Error{ErrorCode::kNotFound, 0, "node"}),
                           "no node " + std::to_string(node->info.node.node) +
                               " is alive: `objctl nodes` lists those that are");
  }
  const auto pushed = pushes_.push(id, node->info.address, question, now_ns_ + kAnswerNs);
  if (!pushed) {
    news_.on_pushed(question, pushed, "too many pushes are in flight");
  }
}

// ---- for operators ------------------------------------------------------------------------------

Result<void> RemoteObjects::locate(const ObjectId& id, uint64_t now_ns, Whereabout done) {
  const directory::RequestTag tag = tag_of(Asker::kOperator, ++last_question_);
  const auto asked = directory_.lookup(id, tag, now_ns + kAnswerNs);
  if (asked) locating_.emplace(tag, std::move(done));
  return asked;
}

void RemoteObjects::on_located(directory::RequestTag tag,
                               const Result<directory::Located>& located) {
  const auto asked = locating_.extract(tag);
  if (!asked.empty()) asked.mapped()(located);
}

Result<void> RemoteObjects::list_nodes(uint64_t now_ns, AllNodes done) {
  const directory::RequestTag tag = tag_of(Asker::kOperator, ++last_question_);
  const auto asked = directory_.list_nodes(directory::kNoNode, tag, now_ns + kAnswerNs);
  if (asked) listing_.emplace(tag, Listing{{}, std::move(done)});
  return asked;
}

void RemoteObjects::on_nodes(directory::RequestTag tag,
                             const Result<std::vector<directory::NodeAnswer>>& page) {
  const auto found = listing_.find(tag);
  if (found == listing_.end()) return;
  Listing& listing = found->second;
  Result<std::vector<directory::NodeAnswer>> result;
  if (!page) {
    result = std::unexpected(page.error());
  } else if (page->empty()) {
    result = std::move(listing.nodes);
  } else {
    listing.nodes.insert(listing.nodes.end(), page->begin(), page->end());
    const auto more =
        directory_.list_nodes(listing.nodes.back().info.node.node, tag, now_ns_ + kAnswerNs);
    if (more) return;
    result = std::unexpected(more.error());
  }
  const AllNodes done = std::move(listing.done);
  listing_.erase(found);
  done(result);
}

}  // namespace obj
