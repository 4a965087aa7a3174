// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/ucx_reads.hh"

#include "base/log.hh"

namespace obj {

UcxReads::UcxReads(UcxFabric& fabric, ReadSource& source, ReadCompletions& completions,
                   const UcxReadsOptions& options)
    : asker_(fabric, completions, options.asker, options.seed),
      answerer_(fabric, source, options.answerer) {
  fabric.attach(Service::kReads, *this);
  fabric.attach_bulk(*this);
}

void UcxReads::on_peer_up(PeerId peer, bool is_ours) {
  is_ours ? asker_.on_peer_up(peer) : answerer_.on_peer_up(peer);
}

// Each side ignores peers that are the other's.
void UcxReads::on_message(PeerId peer, std::span<const std::byte> message) {
  answerer_.on_orders(peer, message);
  asker_.on_answers(peer, message);
}

void UcxReads::on_peer_down(PeerId peer, const Error& why) {
  if (why.code == ErrorCode::kInvalid || why.code == ErrorCode::kLimit) {
    log::warn("reads_peer_down", {{"peer", peer}, {"error", why}});
  }
  answerer_.on_peer_down(peer);
  asker_.on_peer_down(peer, why);
}

}  // namespace obj
