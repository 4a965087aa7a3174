// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/read_owner.hh"

#include <algorithm>

#include "base/log.hh"
#include "fabric/verbs/port_match.hh"

namespace obj::verbs {

bool ReadOwner::may_offer(Reader& reader, uint64_t now_ns) {
  const uint64_t elapsed_ns = now_ns - std::min(reader.refilled_ns, now_ns);
  const uint64_t earned =
      std::min<uint64_t>(elapsed_ns / (1'000'000'000 / limits_.offers_per_s), limits_.offers_burst);
  if (earned > 0) {
    reader.refilled_ns = now_ns;
    reader.tokens = std::min(reader.tokens + static_cast<uint32_t>(earned), limits_.offers_burst);
  }
  if (reader.tokens == 0) return false;
  reader.tokens--;
  return true;
}

void ReadOwner::on_offer(PeerId peer, const Offer& offer, uint64_t now_ns) {
  const auto found = readers_.find(peer);
  if (found == readers_.end()) return;
  Reader& reader = found->second;
  if (!may_offer(reader, now_ns)) {
    log::warn("verbs_offers", {{"peer", peer}, {"why", "more offers than a reader needs"}});
    return messages_.hang_up(peer);
  }
  Answer answer{.number = offer.number, .table = table_.shape(), .lanes = {}, .memories = {}};
  std::vector<std::optional<uint8_t>> memory_of_rail(rails_.size());
  for (size_t i = 0; i < rails_.size(); i++) {
    if (rails_[i].is_lost) continue;
    memory_of_rail[i] = static_cast<uint8_t>(answer.memories.size());
    answer.memories.push_back(rails_[i].adapter->memory());
  }
  const auto send = [&](const std::vector<std::byte>& message) {
    if (!messages_.send(peer, message)) messages_.hang_up(peer);
  };
  if (answer.memories.empty()) {
    return send(encode(Refusal{offer.number, false, "the owner's RDMA device is gone"}));
  }
  for (const OfferedLane& lane : offer.lanes) {
    answer.lanes.push_back(connect(reader, lane, memory_of_rail));
  }
  send(encode(answer));
}

AnsweredLane ReadOwner::connect(Reader& reader, const OfferedLane& lane,
                                std::span<const std::optional<uint8_t>> memory_of_rail) {
  Serving& serving = reader.lanes[lane.index];
  serving.queue.reset();  // of the reader's earlier queue pair, which is no more
  std::vector<const AdapterFacts*> ports;
  for (const Rail& rail : rails_) ports.push_back(rail.is_lost ? nullptr : &rail.adapter->facts());
  const auto matched = match_port(ports, lane.reader, lane.index);
  AnsweredLane answer{.index = lane.index, .verdict = LaneVerdict::kNoSuchKind, .owner = {}};
  if (!matched) return answer;
  auto queue = rails_[matched->port].adapter->make_serving(matched->gid, lane.reader);
  if (!queue) {
    log::warn("verbs_serving",
              {{"rail", rails_[matched->port].adapter->facts().name}, {"error", queue.error()}});
    const bool is_limit = queue.error().code == ErrorCode::kLimit;
    answer.verdict = is_limit ? LaneVerdict::kLimit : LaneVerdict::kFailed;
    return answer;
  }
  serving = {matched->port, std::move(*queue)};
  answer.verdict = LaneVerdict::kConnected;
  answer.memory = *memory_of_rail[matched->port];
  answer.owner = serving.queue->address();
  return answer;
}

void ReadOwner::on_rail_lost(uint8_t rail) {
  for (auto& [peer, reader] : readers_) {
    for (Serving& serving : reader.lanes) {
      if (serving.rail == rail) serving.queue.reset();
    }
  }
}

size_t ReadOwner::queues() const {
  size_t count = 0;
  for (const auto& [peer, reader] : readers_) {
    count += static_cast<size_t>(std::ranges::count_if(
        reader.lanes, [](const Serving& serving) { return serving.queue != nullptr; }));
  }
  return count;
}

}  // namespace obj::verbs
