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

}  // namespace

RemoteObjects::RemoteObjects(const RemoteSeams& seams, const RemoteOptions& options,
                             uint64_t now_ns)
    : store_(seams.store),
      news_(seams.news),
      self_(self_of(options.directory)),
      now_ns_(now_ns),
      directory_(seams.to_directory, *this, options.directory, options.seed, now_ns),
      driver_({seams.store, seams.admission, seams.pins, seams.arena, directory_}, options.pull,
              self_, options.seed, seams.news),
      held_(seams.store, seams.pins, seams.arena,
            [this](ObjectRef ref) { driver_.on_unheld(ref); }),
      pushes_(
          seams.to_nodes,
          {.on_asked = [this](const ObjectId& id) { return news_.on_push(id, now_ns_); },
           .on_pushed = [this](uint64_t tag, const Result<void>& result,
                               const std::string& why) { news_.on_pushed(tag, result, why); }}) {
  store_.add_listener(*this);
}

RemoteObjects::~RemoteObjects() { store_.remove_listener(*this); }

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

void RemoteObjects::on_gone(const Placement& placement, Departure) {
  directory_.withdraw(placement.id, placement.ref.slot, placement.ref.generation);
  driver_.on_gone(placement, now_ns_);
}

size_t RemoteObjects::next_of_inventory(uint64_t& cursor, std::span<directory::CopyReport> chunk) {
  inventory_.resize(chunk.size());
  auto slot = static_cast<uint32_t>(cursor);
  const size_t count = store_.list_sealed(slot, inventory_);
  cursor = slot;
  for (size_t i = 0; i < count; i++) {
    const Placement& placement = inventory_[i];
    chunk[i] = directory::held(placement.id, shape_of(placement, self_),
                               copy_of(placement, directory::CopyState::kSealed));
  }
  return count;
}

void RemoteObjects::on_free_order(const directory::FreeOrder& order) {
  const auto description = store_.look({order.slot, order.generation});
  if (!description || description->placement.id != order.id) return;
  store_.remove(order.id);
  news_.on_relief();
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
