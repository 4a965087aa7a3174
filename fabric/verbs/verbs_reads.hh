// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/verbs_reads.hh -- reads of other nodes' objects as one-sided RDMA, and queue pairs
// through which others read this node's.
//
// See docs/verbs.md.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/event_source.hh"
#include "base/reactor.hh"
#include "fabric/message_transport.hh"
#include "fabric/read_transport.hh"
#include "fabric/verbs/cells.hh"
#include "fabric/verbs/ibv_adapter.hh"
#include "fabric/verbs/rails.hh"
#include "fabric/verbs/read_owner.hh"
#include "fabric/verbs/reader.hh"
#include "fabric/verbs/shared_table.hh"

namespace obj {

struct VerbsReadsOptions {
  std::string devices;  // as PortWishes::devices
  std::string address;  // "HOST:PORT" that other nodes reach this one at: whose port is preferred
  verbs::AdapterOptions adapter{};
  verbs::ReaderOptions reader{};
  verbs::OwnerLimits owner{};
  uint32_t checks_max = 16'384;  // at a time
  uint64_t seed = 1;             // of the redials' jitter
};

// Completions come with ReadProof::kNone: nobody at the owner holds the copy while it is read, so
// each needs the later look at the slot.
//
// Threads:  the reactor thread.
// Lifetime: what is passed to create() outlives it. Destruction destroys all queue pairs, so the
//           memory of reads in flight is its poster's again; they are not completed.
class VerbsReads final : public EventSource, public MessageHandler {
 public:
  // Where tests put their own.
  using MakeRails =
      std::function<std::expected<std::vector<std::unique_ptr<verbs::Adapter>>, std::string>(
          std::span<std::byte> scratch, std::span<verbs::AdapterEvents* const> events)>;

  // Looks for devices and registers the memory of `table`. `messages` calls this: the transport of
  // one service, kept for it alone. On failure: a sentence with cause and mend.
  static std::expected<std::unique_ptr<VerbsReads>, std::string> create(
      const VerbsReadsOptions& options, MessageTransport& messages, verbs::IdentityOf identity,
      const verbs::SharedTable& table, ReadCompletions& completions);
  // With adapters of the caller's making.
  static std::expected<std::unique_ptr<VerbsReads>, std::string> create_over(
      const VerbsReadsOptions& options, const MakeRails& make, MessageTransport& messages,
      verbs::IdentityOf identity, const verbs::SharedTable& table, ReadCompletions& completions);
  ~VerbsReads() override;

  // Adds itself and its adapters. Once; the reactor outlives it.
  Result<void> add_to(Reactor& reactor);

  ReadTransport& transport() { return *reader_; }
  const verbs::Reader& reader() const { return *reader_; }
  const verbs::ReadOwner& owner() const { return *owner_; }
  // The ports in use: "rxe0:1 RoCEv2 IPv4 10.99.0.1".
  std::string ports_text() const;
  bool has_port() const;  // at least one of them is not lost

  void step(uint64_t now_ns);
  uint64_t next_step_ns() const;

  // EventSource. Its doorbells are the adapters'.
  int fd() const override { return -1; }
  uint32_t progress(uint32_t) override { return reader_->work(); }
  [[nodiscard]] bool arm() override { return !reader_->has_work(); }

  // MessageHandler.
  void on_peer_up(PeerId peer, bool is_ours) override;
  void on_message(PeerId peer, std::span<const std::byte> message) override;
  void on_peer_down(PeerId peer, const Error& why) override;

 private:
  class RailEvents final : public verbs::AdapterEvents {
   public:
    RailEvents(VerbsReads& reads, uint8_t rail) : reads_(reads), rail_(rail) {}
    void on_work_done(uint64_t tag, const Result<void>& result) override {
      reads_.reader_->on_work_done(tag, result);
    }
    void on_lost(const Error& why) override { reads_.lose_rail(rail_, why); }

   private:
    VerbsReads& reads_;
    uint8_t rail_;
  };

  VerbsReads(MessageTransport& messages, verbs::Cells cells);
  void on_exchange(PeerId peer, const verbs::ExchangeMessage& message);
  void on_other_version(PeerId peer);
  void on_garbage(PeerId peer);
  void lose_rail(uint8_t rail, const Error& why);
  void look_for_rails();

  // How often it is looked whether the devices are there still.
  static constexpr uint64_t kLookNs = 1'000'000'000;

  MessageTransport& messages_;
  uint64_t now_ns_ = 0;
  uint64_t look_at_ns_ = 0;
  verbs::Cells cells_;
  std::vector<std::unique_ptr<RailEvents>> events_;
  verbs::Rails rails_;
  std::unique_ptr<verbs::ReadOwner> owner_;  // these two have queues of the rails' adapters
  std::unique_ptr<verbs::Reader> reader_;
};

}  // namespace obj
