// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/verbs_reads.hh"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.hh"
#include "fabric/verbs/device_list.hh"
#include "fabric/verbs/locked_memory.hh"
#include "fabric/verbs/port_choice.hh"

namespace obj {
namespace {

using verbs::Adapter;
using verbs::AdapterEvents;
using Adapters = std::vector<std::unique_ptr<Adapter>>;

std::expected<std::vector<verbs::ChosenPort>, std::string> find_ports(
    const VerbsReadsOptions& options) {
  const std::string host = options.address.substr(0, options.address.rfind(':'));
  return verbs::choose_ports(verbs::list_devices(),
                             {.devices = options.devices, .address = verbs::gid_of_ipv4(host)});
}

std::expected<Adapters, std::string> open_ports(const std::vector<verbs::ChosenPort>& ports,
                                                const verbs::AdapterMemory& memory,
                                                const verbs::AdapterOptions& options,
                                                std::span<AdapterEvents* const> events) {
  // Said beforehand, since the kernel's own answer to too little of it is only ENOMEM.
  const uint64_t bytes = memory.arena.size() + memory.table.size() + memory.scratch.size();
  const auto shortage =
      verbs::locked_memory_shortage(verbs::LockedMemory::read(), bytes, ports.size());
  if (shortage) return std::unexpected(*shortage);
  Adapters adapters;
  for (size_t i = 0; i < ports.size(); i++) {
    auto opened = verbs::IbvAdapter::open(ports[i], memory, options, *events[i]);
    if (!opened) return std::unexpected(opened.error());
    adapters.push_back(std::move(*opened));
  }
  return adapters;
}

}  // namespace

VerbsReads::VerbsReads(MessageTransport& messages, verbs::Cells cells)
    : messages_(messages), cells_(std::move(cells)) {
  for (uint8_t i = 0; i < verbs::kPortsMax; i++) {
    events_.push_back(std::make_unique<RailEvents>(*this, i));
  }
}

std::expected<std::unique_ptr<VerbsReads>, std::string> VerbsReads::create(
    const VerbsReadsOptions& options, MessageTransport& messages, verbs::IdentityOf identity,
    const verbs::SharedTable& table, ReadCompletions& completions) {
  const auto ports = find_ports(options);
  if (!ports) return std::unexpected(ports.error());
  const MakeRails make = [&](std::span<std::byte> scratch, std::span<AdapterEvents* const> events) {
    return open_ports(*ports, {table.arena(), table.table(), scratch}, options.adapter, events);
  };
  return create_over(options, make, messages, std::move(identity), table, completions);
}

std::expected<std::unique_ptr<VerbsReads>, std::string> VerbsReads::create_over(
    const VerbsReadsOptions& options, const MakeRails& make, MessageTransport& messages,
    verbs::IdentityOf identity, const verbs::SharedTable& table, ReadCompletions& completions) {
  auto cells = verbs::Cells::create(options.checks_max);
  if (!cells) return std::unexpected("memory for checks: " + log::Field("", cells.error()).value);
  std::unique_ptr<VerbsReads> reads(new VerbsReads(messages, std::move(*cells)));
  std::vector<AdapterEvents*> events;
  for (const auto& one : reads->events_) events.push_back(one.get());
  auto adapters = make(reads->cells_.memory(), events);
  if (!adapters) return std::unexpected(adapters.error());
  for (auto& adapter : *adapters) reads->rails_.push_back({.adapter = std::move(adapter)});
  reads->owner_ = std::make_unique<verbs::ReadOwner>(messages, reads->rails_, table, options.owner);
  const verbs::ReaderParts parts{messages, reads->rails_, table, reads->cells_, completions};
  reads->reader_ =
      std::make_unique<verbs::Reader>(parts, std::move(identity), options.reader, options.seed);
  return reads;
}

VerbsReads::~VerbsReads() = default;

Result<void> VerbsReads::add_to(Reactor& reactor) {
  for (verbs::Rail& rail : rails_) {
    const auto added = rail.adapter->add_to(reactor);
    if (!added) return added;
  }
  return reactor.add(*this);
}

void VerbsReads::step(uint64_t now_ns) {
  now_ns_ = now_ns;
  if (now_ns >= look_at_ns_) look_for_rails();
  reader_->step(now_ns);
}

uint64_t VerbsReads::next_step_ns() const {
  return has_port() ? std::min(reader_->next_step_ns(), look_at_ns_) : reader_->next_step_ns();
}

void VerbsReads::look_for_rails() {
  look_at_ns_ = now_ns_ + kLookNs;
  for (uint8_t i = 0; i < rails_.size(); i++) {
    const bool is_gone = !rails_[i].is_lost && !rails_[i].adapter->is_present();
    if (is_gone) lose_rail(i, {ErrorCode::kDisconnected, ENODEV, "verbs: the device was removed"});
  }
}

std::string VerbsReads::ports_text() const {
  std::string text;
  for (const verbs::Rail& rail : rails_) {
    if (!text.empty()) text += ", ";
    const verbs::AdapterFacts& facts = rail.adapter->facts();
    const verbs::GidEntry& gid = facts.gids.front();
    text += facts.name + " " + verbs::to_string(gid.kind) + " " + verbs::to_text(gid.gid);
    if (rail.is_lost) text += " (gone)";
  }
  return text;
}

bool VerbsReads::has_port() const {
  return std::ranges::any_of(rails_, [](const verbs::Rail& rail) { return !rail.is_lost; });
}

// ---- messages -----------------------------------------------------------------------------------

void VerbsReads::on_peer_up(PeerId peer, bool is_ours) {
  is_ours ? reader_->on_peer_up(peer) : owner_->on_peer_up(peer);
}

void VerbsReads::on_peer_down(PeerId peer, const Error& why) {
  owner_->on_peer_down(peer);
  reader_->on_peer_down(peer, why);
}

void VerbsReads::on_message(PeerId peer, std::span<const std::byte> message) {
  const auto decoded = verbs::decode_exchange(message);
  if (!decoded) return on_garbage(peer);
  if (std::holds_alternative<verbs::OtherVersion>(*decoded)) return on_other_version(peer);
  on_exchange(peer, std::get<verbs::ExchangeMessage>(*decoded));
}

void VerbsReads::on_exchange(PeerId peer, const verbs::ExchangeMessage& message) {
  const bool is_ours = reader_->knows(peer);
  if (const auto* const offer = std::get_if<verbs::Offer>(&message)) {
    return is_ours ? on_garbage(peer) : owner_->on_offer(peer, *offer, now_ns_);
  }
  if (!is_ours) return on_garbage(peer);
  if (const auto* const answer = std::get_if<verbs::Answer>(&message)) {
    return reader_->on_answer(peer, *answer);
  }
  reader_->on_refusal(peer, std::get<verbs::Refusal>(message));
}

// Politely to a reader; an owner of another version has refused us already.
void VerbsReads::on_other_version(PeerId peer) {
  if (reader_->knows(peer)) {
    return reader_->on_garbage(
        peer, {ErrorCode::kVersion, 0, "verbs: the owner speaks another version of the exchange"});
  }
  const auto said = messages_.send(
      peer, verbs::encode(verbs::Refusal{0, true, "another version of the verbs exchange"}));
  if (!said) messages_.hang_up(peer);
}

void VerbsReads::on_garbage(PeerId peer) {
  log::warn("verbs_garbage", {{"peer", peer}});
  if (reader_->knows(peer)) {
    return reader_->on_garbage(
        peer, {ErrorCode::kInvalid, 0, "verbs: the owner sent what is no message of ours"});
  }
  messages_.hang_up(peer);
}

void VerbsReads::lose_rail(uint8_t rail, const Error& why) {
  rails_[rail].is_lost = true;
  log::warn("verbs_port_lost", {{"port", rails_[rail].adapter->facts().name}, {"error", why}});
  owner_->on_rail_lost(rail);
  reader_->on_rail_lost(rail, why);
  rails_[rail].adapter->close();
}

}  // namespace obj
