// SPDX-License-Identifier: Apache-2.0
#include "fabric/ucx/read_answerer.hh"

#include <algorithm>

#include "base/check.hh"

namespace obj::ucx {

void ReadAnswerer::on_orders(PeerId peer, std::span<const std::byte> message) {
  const auto found = readers_.find(peer);
  if (found == readers_.end()) return;
  Reader& reader = found->second;
  const auto orders = decode_orders(message);
  if (!orders) {
    return fabric_.break_off(
        peer, {ErrorCode::kInvalid, 0, "reads: the peer sent what is no order of reads"});
  }
  if (orders->size() >
      limits_.orders_max - std::min<size_t>(reader.orders.size(), limits_.orders_max)) {
    return fabric_.break_off(
        peer, {ErrorCode::kLimit, 0, "reads: the peer asks for more than it may at once"});
  }
  for (const OrderRecord& order : *orders) {
    if (order.kind == OrderKind::kHurry) {
      answer_hurry(peer, reader, order);
    } else {
      reader.orders.push_back(order);
    }
  }
  flush(peer);
}

bool ReadAnswerer::may_begin(PeerId peer, const Reader& reader) const {
  return !reader.orders.empty() && reader.bulk_count < limits_.bulk_max &&
         reader.bulk_bytes < limits_.bulk_bytes_max && fabric_.has_room(peer);
}

bool ReadAnswerer::has_work() const {
  return std::ranges::any_of(
      readers_, [&](const auto& entry) { return may_begin(entry.first, entry.second); });
}

uint32_t ReadAnswerer::work() {
  uint32_t answered = 0;
  for (auto& [peer, reader] : readers_) answered += serve(peer, reader);
  return answered;
}

uint32_t ReadAnswerer::serve(PeerId peer, Reader& reader) {
  uint32_t answered = 0;
  while (answered < kOrdersPerTurn && may_begin(peer, reader)) {
    const OrderRecord order = reader.orders.front();
    reader.orders.pop_front();
    answer(peer, reader, order);
    answered++;
  }
  flush(peer);
  return answered;
}

void ReadAnswerer::answer(PeerId peer, Reader& reader, const OrderRecord& order) {
  if (order.kind == OrderKind::kRead) return answer_read(peer, reader, order);
  answer_check(peer, order);
}

void ReadAnswerer::answer_read(PeerId peer, Reader& reader, const OrderRecord& order) {
  const auto held = source_.hold(order.id, order.slot, order.generation);
  if (!held) {
    flush_unless_room(peer, 0);
    return answers_.add_answer(order.number, AnswerKind::kStale);
  }
  const size_t ready_bytes = held->ready.size();
  const bool fits = held->sighting.offset == order.extent_offset &&
                    order.object_offset <= ready_bytes &&
                    order.size_bytes <= ready_bytes - order.object_offset;
  if (fits && order.size_bytes > kInlineReadBytesMax) {
    return send_bulk(peer, reader, order,
                     held->ready.subspan(order.object_offset, order.size_bytes));
  }
  if (fits) {
    flush_unless_room(peer, order.size_bytes);
    answers_.add_answer(order.number, AnswerKind::kData,
                        held->ready.subspan(order.object_offset, order.size_bytes));
  } else {
    flush_unless_room(peer, 0);
    answers_.add_answer(order.number, AnswerKind::kStale);
  }
  source_.let_go(order.slot, order.generation);
}

void ReadAnswerer::send_bulk(PeerId peer, Reader& reader, const OrderRecord& order,
                             std::span<const std::byte> data) {
  const uint64_t token = ++last_token_;
  if (!fabric_.send_bulk(peer, order.number, data, token)) {
    return source_.let_go(order.slot, order.generation);  // the peer is about to be down
  }
  sending_[token] = {peer, order.slot, order.generation, order.size_bytes};
  reader.bulk_count++;
  reader.bulk_bytes += order.size_bytes;
}

void ReadAnswerer::on_bulk_sent(PeerId peer, uint64_t token) {
  const auto found = sending_.find(token);
  OBJ_CHECK(found != sending_.end());
  const Sending sent = found->second;
  sending_.erase(found);
  source_.let_go(sent.slot, sent.generation);
  const auto reader = readers_.find(peer);
  if (reader == readers_.end()) return;
  reader->second.bulk_count--;
  reader->second.bulk_bytes -= sent.size_bytes;
}

void ReadAnswerer::answer_check(PeerId peer, const OrderRecord& order) {
  flush_unless_room(peer, sizeof(SightingRecord));
  if (const auto sighting = source_.look(order.id, order.slot, order.generation)) {
    answers_.add_sighting(order.number, *sighting);
  } else {
    answers_.add_answer(order.number, AnswerKind::kStale);
  }
}

void ReadAnswerer::answer_hurry(PeerId peer, Reader& reader, const OrderRecord& order) {
  const auto waiting = std::ranges::find(reader.orders, order.number, &OrderRecord::number);
  if (waiting == reader.orders.end()) return;  // answered, or on its way
  reader.orders.erase(waiting);
  flush_unless_room(peer, 0);
  answers_.add_answer(order.number, AnswerKind::kCancelled);
}

void ReadAnswerer::flush_unless_room(PeerId peer, size_t content_bytes) {
  if (!answers_.has_room(ReadMessageWriter::bytes_of_answer(content_bytes))) flush(peer);
}

void ReadAnswerer::flush(PeerId peer) {
  if (answers_.empty()) return;
  const auto sent = fabric_.transport(Service::kReads).send(peer, answers_.message());
  // A lost answer would leave its reader waiting; has_room() has kept this from happening.
  if (!sent) fabric_.break_off(peer, sent.error());
  answers_.clear();
}

}  // namespace obj::ucx
