// SPDX-License-Identifier: Apache-2.0
// An owner that lies and a reader that asks for nonsense: written by hand on the message transport,
// past its handshake. Each costs its own connection and nothing is written anywhere.
#include <gtest/gtest.h>

#include "fabric/ucx/read_wire.hh"
#include "tests/fabric/ucx/read_peer.hh"

namespace obj {
namespace {

constexpr SourceNode kHonest{1, 10};
constexpr SourceNode kLiar{2, 20};

// A peer whose reads service is the test's own.
struct Liar {
  Liar() {
    auto created = UcxFabric::create({.listen = "127.0.0.1:0", .self = kLiar});
    if (!created) ADD_FAILURE() << created.error().where;
    fabric = std::move(*created);
    fabric->attach(Service::kReads, handler);
  }
  MessageTransport& transport() { return fabric->transport(Service::kReads); }
  void turn() {
    fabric->progress(64);
    fabric->step(monotonic_ns());
  }

  RecordingHandler handler;
  std::unique_ptr<UcxFabric> fabric;
};

// Answers an honest reader's read of `size` bytes by `lie`; what becomes of the reader.
void expect_caught(uint32_t size,
                   const std::function<void(Liar&, PeerId, const ucx::OrderRecord&)>& lie) {
  Liar liar;
  ReadPeer reader(kHonest);
  reader.transport().connect(kLiar, liar.fabric->listen_address());
  std::vector<std::byte> destination(size, std::byte{0xee});
  reader.read(kLiar, 1, 0, destination);
  liar.handler.when_message = [&](PeerId peer, std::span<const std::byte> message) {
    const auto orders = ucx::decode_orders(message);
    ASSERT_TRUE(orders && orders->size() == 1);
    lie(liar, peer, orders->front());
  };
  ASSERT_TRUE(run_until({&reader}, [&] {
    liar.turn();
    return reader.completions.done == 1;
  }));
  EXPECT_EQ(reader.completions.reads.at(1).error().code, ErrorCode::kDisconnected);
  EXPECT_TRUE(
      std::ranges::all_of(destination, [](std::byte byte) { return byte == std::byte{0xee}; }));
}

void answer(Liar& liar, PeerId peer, uint32_t number, ucx::AnswerKind kind, size_t content_bytes) {
  ucx::ReadMessageWriter writer(ucx::ReadMessageType::kAnswers);
  const std::vector<std::byte> content(content_bytes);
  writer.add_answer(number, kind, content);
  EXPECT_TRUE(liar.transport().send(peer, writer.message()).has_value());
}

TEST(HostileReads, data_of_another_size_is_written_nowhere) {
  for (const size_t size : {1u, 99u, 101u, 8192u}) {
    expect_caught(100, [&](Liar& liar, PeerId peer, const auto& order) {
      answer(liar, peer, order.number, ucx::AnswerKind::kData, size);
    });
  }
}

TEST(HostileReads, data_that_nobody_asked_for_is_written_nowhere) {
  expect_caught(100, [&](Liar& liar, PeerId peer, const auto& order) {
    answer(liar, peer, order.number + 1, ucx::AnswerKind::kData, 100);
  });
  expect_caught(100, [&](Liar& liar, PeerId peer, const auto& order) {
    answer(liar, peer, order.number ^ 1u << 31, ucx::AnswerKind::kData, 100);
  });
}

TEST(HostileReads, a_sighting_is_no_answer_to_a_read) {
  expect_caught(100, [&](Liar& liar, PeerId peer, const auto& order) {
    ucx::ReadMessageWriter writer(ucx::ReadMessageType::kAnswers);
    writer.add_sighting(order.number, {});
    EXPECT_TRUE(liar.transport().send(peer, writer.message()).has_value());
  });
}

TEST(HostileReads, garbage_instead_of_answers) {
  expect_caught(100, [&](Liar& liar, PeerId peer, const auto&) {
    EXPECT_TRUE(liar.transport().send(peer, bytes_of("what is this?")).has_value());
  });
  expect_caught(100, [&](Liar& liar, PeerId peer, const auto&) {
    EXPECT_TRUE(liar.transport().send(peer, {}).has_value());
  });
}

TEST(HostileReads, bulk_of_another_size_or_number_is_written_nowhere) {
  const std::vector<std::byte> bulk(1 << 20);
  for (const size_t size : {1u, 99'999u, 100'001u, 1u << 20}) {
    expect_caught(100'000, [&](Liar& liar, PeerId peer, const auto& order) {
      EXPECT_TRUE(
          liar.fabric->send_bulk(peer, order.number, std::span(bulk).first(size), 1).has_value());
    });
  }
  expect_caught(100'000, [&](Liar& liar, PeerId peer, const auto& order) {
    EXPECT_TRUE(liar.fabric->send_bulk(peer, order.number + 1, std::span(bulk).first(100'000), 1)
                    .has_value());
  });
}

// What a hostile reader sends costs its connection; an honest one beside it reads on.
void expect_reader_dropped(const std::vector<std::vector<std::byte>>& messages) {
  ReadPeer owner(kHonest, 1 << 20, {}, {.answerer = {.orders_max = 2000}});
  ReadPeer reader({3, 30});
  Liar liar;
  reader.connect(owner);
  const auto peer = liar.transport().dial(owner.fabric->listen_address());
  for (const auto& message : messages) {
    EXPECT_TRUE(liar.transport().send(*peer, message).has_value());
  }
  ASSERT_TRUE(run_until({&owner}, [&] {
    liar.turn();
    return !liar.handler.down.empty();
  }));
  std::byte byte;
  reader.read(kHonest, 1, 0, {&byte, 1});
  ASSERT_TRUE(run_until({&owner, &reader}, [&] { return reader.completions.done == 1; }));
  EXPECT_TRUE(reader.completions.reads.at(1).has_value());
  ASSERT_TRUE(run_until({&owner}, [&] { return owner.source.holds() == 0; }));
}

TEST(HostileReads, orders_that_are_none_cost_the_connection) {
  expect_reader_dropped({bytes_of("give me all")});
  expect_reader_dropped({{}});
  expect_reader_dropped({std::vector<std::byte>(MessageTransport::kMessageBytesMax)});
}

TEST(HostileReads, more_orders_than_allowed_cost_the_connection) {
  ucx::ReadMessageWriter writer(ucx::ReadMessageType::kOrders);
  for (uint32_t i = 0; writer.has_room(sizeof(ucx::OrderRecord)); i++) {
    writer.add({.number = i,
                .kind = ucx::OrderKind::kRead,
                .reserved = {},
                .id = {},
                .slot = 0,
                .size_bytes = 1 << 20,
                .generation = TestSource::kGeneration,
                .extent_offset = 0,
                .object_offset = 0});
  }
  const auto message = writer.message();
  expect_reader_dropped({5, {message.begin(), message.end()}});
}

}  // namespace
}  // namespace obj
