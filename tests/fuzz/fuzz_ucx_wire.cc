// SPDX-License-Identifier: Apache-2.0
// tests/fuzz/fuzz_ucx_wire.cc -- any bytes as a frame, a handshake, orders, answers.
//
// They are refused, or are exactly what our writer makes of them.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "fabric/ucx/frame.hh"
#include "fabric/ucx/handshake.hh"
#include "fabric/ucx/read_wire.hh"

namespace obj::ucx {
namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

bool same(std::span<const std::byte> left, std::span<const std::byte> right) {
  return std::ranges::equal(left, right);
}

void orders(std::span<const std::byte> bytes) {
  const auto decoded = decode_orders(bytes);
  if (!decoded || bytes.size() > MessageTransport::kMessageBytesMax) return;
  ReadMessageWriter writer(ReadMessageType::kOrders);
  for (const OrderRecord& order : *decoded) writer.add(order);
  expect(same(writer.message(), bytes));
}

void answers(std::span<const std::byte> bytes) {
  const auto decoded = decode_answers(bytes);
  if (!decoded || bytes.size() > MessageTransport::kMessageBytesMax) return;
  ReadMessageWriter writer(ReadMessageType::kAnswers);
  for (const Answer& answer : *decoded) {
    if (answer.kind == AnswerKind::kSighting) {
      writer.add_sighting(answer.number, answer.sighting);
    } else {
      writer.add_answer(answer.number, answer.kind, answer.content);
    }
  }
  expect(same(writer.message(), bytes));
}

// Without the secret nobody passes, whatever is said in whatever order.
template <class Handshake>
void greet(Handshake handshake, std::span<const std::byte> bytes) {
  while (bytes.size() >= 2) {
    const auto kind = static_cast<FrameKind>(bytes[0]);
    const size_t size = std::min<size_t>(std::to_integer<size_t>(bytes[1]), bytes.size() - 2);
    expect(handshake.on_frame(kind, bytes.subspan(2, size)).outcome !=
           HandshakeStep::Outcome::kPassed);
    bytes = bytes.subspan(2 + size);
  }
}

}  // namespace
}  // namespace obj::ucx

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  using namespace obj::ucx;
  constexpr bool kOffered[obj::kServices] = {true, true, true, true};
  const auto bytes = std::as_bytes(std::span(data, size_bytes));
  static_cast<void>(decode_frame_header(bytes));
  orders(bytes);
  answers(bytes);
  greet(ListenHandshake({1, 1}, kOffered, "secret", {}), bytes);
  greet(DialHandshake({1, 1}, obj::Service::kNode, "secret", {}), bytes);
  return 0;
}
