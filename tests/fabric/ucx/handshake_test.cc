// SPDX-License-Identifier: Apache-2.0
// The handshake alone, frame by frame: who passes, who is refused, and what the refused one reads.
#include "fabric/ucx/handshake.hh"

#include <gtest/gtest.h>

#include <random>

#include "fabric/ucx/proof.hh"
#include "tests/seed.hh"

namespace obj::ucx {
namespace {

using Outcome = HandshakeStep::Outcome;
constexpr bool kAll[kServices] = {true, true, true, true};

struct Pair {
  explicit Pair(const std::string& ours = "secret", const std::string& theirs = "secret",
                std::span<const bool, kServices> offered = kAll)
      : dialler({1, 10}, Service::kReads, ours, random_nonce()),
        listener({2, 20}, offered, theirs, random_nonce()) {}

  DialHandshake dialler;
  ListenHandshake listener;
};

TEST(Handshake, passes_when_both_know_the_secret) {
  Pair pair;
  const HandshakeFrame hello = pair.dialler.hello();
  EXPECT_LE(hello.payload.size() + sizeof(FrameHeader), kHelloFrameBytesMax);
  const auto challenge = pair.listener.on_frame(hello.kind, hello.payload);
  ASSERT_TRUE(challenge.outcome == Outcome::kWaits && challenge.reply);
  const auto proof = pair.dialler.on_frame(challenge.reply->kind, challenge.reply->payload);
  ASSERT_TRUE(proof.outcome == Outcome::kWaits && proof.reply);
  const auto welcome = pair.listener.on_frame(proof.reply->kind, proof.reply->payload);
  ASSERT_TRUE(welcome.outcome == Outcome::kPassed && welcome.reply);
  EXPECT_EQ(pair.dialler.on_frame(welcome.reply->kind, welcome.reply->payload).outcome,
            Outcome::kPassed);
  EXPECT_EQ(pair.dialler.peer(), (SourceNode{2, 20}));
  EXPECT_EQ(pair.listener.peer(), (SourceNode{1, 10}));
  EXPECT_EQ(pair.listener.service(), Service::kReads);
}

TEST(Handshake, the_dialler_refuses_a_listener_without_the_secret) {
  Pair pair("ours", "theirs");
  const auto challenge = pair.listener.on_frame(FrameKind::kHello, pair.dialler.hello().payload);
  const auto refusal = pair.dialler.on_frame(challenge.reply->kind, challenge.reply->payload);
  EXPECT_EQ(refusal.outcome, Outcome::kRefused);
  EXPECT_NE(std::string(refusal.why.where).find("cluster_secret_file"), std::string::npos);
}

TEST(Handshake, the_listener_refuses_a_dialler_without_the_secret) {
  Pair pair;
  pair.listener.on_frame(FrameKind::kHello, pair.dialler.hello().payload);
  const Proof guess{};
  const auto refusal = pair.listener.on_frame(FrameKind::kProof, std::as_bytes(std::span(guess)));
  ASSERT_TRUE(refusal.outcome == Outcome::kRefused && refusal.reply);
  const auto heard = pair.dialler.on_frame(refusal.reply->kind, refusal.reply->payload);
  EXPECT_EQ(heard.outcome, Outcome::kRefused);
  EXPECT_NE(std::string(heard.why.where).find("cluster_secret_file"), std::string::npos);
}

// A proof that was overheard is worth nothing in another handshake, nor sent back.
TEST(Handshake, proofs_cannot_be_replayed_or_reflected) {
  Pair first, second;
  const auto challenge = first.listener.on_frame(FrameKind::kHello, first.dialler.hello().payload);
  const auto proof = first.dialler.on_frame(FrameKind::kChallenge, challenge.reply->payload);
  second.listener.on_frame(FrameKind::kHello, first.dialler.hello().payload);
  EXPECT_EQ(second.listener.on_frame(FrameKind::kProof, proof.reply->payload).outcome,
            Outcome::kRefused);
  Pair third;
  const auto theirs = third.listener.on_frame(FrameKind::kHello, third.dialler.hello().payload);
  const auto reflected = std::span(theirs.reply->payload).subspan(sizeof(ListenerFields));
  EXPECT_EQ(third.listener.on_frame(FrameKind::kProof, reflected).outcome, Outcome::kRefused);
}

TEST(Handshake, another_version_is_refused_whatever_its_hello_looks_like) {
  for (const size_t size : {8u, 39u, 40u, 41u, 80u}) {
    Pair pair;
    std::vector<std::byte> hello = pair.dialler.hello().payload;
    hello[4] = std::byte{99};
    hello.resize(size);
    const auto refusal = pair.listener.on_frame(FrameKind::kHello, hello);
    ASSERT_TRUE(refusal.outcome == Outcome::kRefused && refusal.reply);
    const auto heard = pair.dialler.on_frame(FrameKind::kRefusal, refusal.reply->payload);
    EXPECT_EQ(heard.why.code, ErrorCode::kVersion) << size;
  }
}

TEST(Handshake, a_service_that_is_not_offered_is_refused) {
  const bool offered[kServices] = {true, true, false, false};
  Pair pair("", "", offered);
  const auto refusal = pair.listener.on_frame(FrameKind::kHello, pair.dialler.hello().payload);
  EXPECT_EQ(refusal.outcome, Outcome::kRefused);
  std::vector<std::byte> unheard_of = pair.dialler.hello().payload;
  unheard_of[6] = std::byte{200};
  Pair other;
  EXPECT_EQ(other.listener.on_frame(FrameKind::kHello, unheard_of).outcome, Outcome::kRefused);
}

TEST(Handshake, frames_out_of_turn_are_refused) {
  for (uint8_t kind = 1; kind <= 8; kind++) {
    const auto frame = static_cast<FrameKind>(kind);
    Pair pair;
    if (frame != FrameKind::kHello) {
      EXPECT_EQ(pair.listener.on_frame(frame, {}).outcome, Outcome::kRefused);
    }
    EXPECT_EQ(pair.dialler.on_frame(frame, {}).outcome, Outcome::kRefused);
  }
}

// One bit of any frame is wrong: nobody passes, and nobody passes afterwards.
TEST(Handshake, no_flipped_bit_passes) {
  std::mt19937_64 random(test_seed());
  for (int round = 0; round < 3000; round++) {
    Pair pair;
    HandshakeFrame frame = pair.dialler.hello();
    const auto victim = random() % 3;
    bool listeners_turn = true;
    Outcome outcome = Outcome::kWaits;
    for (uint64_t i = 0; outcome == Outcome::kWaits; i++, listeners_turn = !listeners_turn) {
      if (i == victim) {
        const uint64_t bit = random() % (frame.payload.size() * 8);
        frame.payload[bit / 8] ^= std::byte{1} << (bit % 8);
      }
      HandshakeStep step = listeners_turn ? pair.listener.on_frame(frame.kind, frame.payload)
                                          : pair.dialler.on_frame(frame.kind, frame.payload);
      outcome = step.outcome;
      if (step.reply) frame = *std::move(step.reply);
    }
    ASSERT_EQ(outcome, Outcome::kRefused) << "frame " << victim;
  }
}

TEST(Frame, headers_are_checked) {
  const auto decode = [](std::initializer_list<int> values) {
    std::vector<std::byte> bytes;
    for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
    return decode_frame_header(bytes);
  };
  EXPECT_EQ(decode({1, 2, 0, 0, 7, 0, 0, 0})->sequence, 0x201u);
  EXPECT_FALSE(decode({}));
  EXPECT_FALSE(decode({0, 0, 0, 0, 7, 0, 0}));
  EXPECT_FALSE(decode({0, 0, 0, 0, 7, 0, 0, 0, 0}));
  EXPECT_FALSE(decode({0, 0, 0, 0, 0, 0, 0, 0}));
  EXPECT_FALSE(decode({0, 0, 0, 0, 9, 0, 0, 0}));
  EXPECT_FALSE(decode({0, 0, 0, 0, 7, 0, 0, 1}));
}

}  // namespace
}  // namespace obj::ucx
