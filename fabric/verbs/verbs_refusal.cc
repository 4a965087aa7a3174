// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/verbs_refusal.hh"

#include "fabric/verbs/exchange_wire.hh"

namespace obj {

void VerbsRefusal::on_message(PeerId peer, std::span<const std::byte> message) {
  const auto decoded = verbs::decode_exchange(message);
  const verbs::Offer* offer = nullptr;
  if (decoded) {
    if (const auto* const known = std::get_if<verbs::ExchangeMessage>(&*decoded)) {
      offer = std::get_if<verbs::Offer>(known);
    }
  }
  if (offer == nullptr) return messages_.hang_up(peer);
  const auto said =
      messages_.send(peer, verbs::encode(verbs::Refusal{offer->number, false, reason_}));
  if (!said) messages_.hang_up(peer);
}

}  // namespace obj
