// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/ibv_adapter.hh -- a port of a device through libibverbs: its memory registered, its
// completions in the reactor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/event_source.hh"
#include "base/reactor.hh"
#include "fabric/verbs/adapter.hh"
#include "fabric/verbs/handles.hh"
#include "fabric/verbs/port_choice.hh"
#include "fabric/verbs/registration.hh"

namespace obj::verbs {

struct AdapterOptions {
  uint32_t works_max = 128;  // of one queue; less if the device has less
  // READs that one queue pair has on the wire. 1 -> 16 took one read path of others from 2.4 to
  // 19.5 GB/s; more than 16 is not to be had of the common cards.
  uint8_t reads_max = 16;
  // 4.096 us << 16 = 0.27 s without an acknowledgement, six times, then the queue pair breaks off.
  // Seven would mean for ever on soft-RoCE. A dead peer is noticed sooner, by heartbeats.
  uint8_t timeout_exponent = 16;
  uint8_t retries = 6;
  uint8_t traffic_class = 0;              // of RoCEv2: DSCP << 2 | ECN
  uint64_t piece_bytes_max = UINT64_MAX;  // smaller in tests; else max_mr_size decides
};

// Memory of this process that the device may reach. All start on a page and outlive the adapter.
struct AdapterMemory {
  std::span<std::byte> arena;        // others may read it, our reads write it
  std::span<const std::byte> table;  // others may read it
  std::span<std::byte> scratch;      // our reads write it
};

// In the reactor it is an event source with its completion channel, and hears of the device's own
// events.
class IbvAdapter final : public Adapter, public EventSource, FdHandler {
 public:
  // Registers the memory, which takes seconds for hundreds of gigabytes. On failure: a sentence
  // with cause and mend. `events` outlives the adapter.
  static std::expected<std::unique_ptr<IbvAdapter>, std::string> open(const ChosenPort& chosen,
                                                                      const AdapterMemory& memory,
                                                                      const AdapterOptions& options,
                                                                      AdapterEvents& events);
  ~IbvAdapter() override;

  // Adapter.
  const AdapterFacts& facts() const override { return facts_; }
  const NodeMemory& memory() const override { return memory_; }
  Result<std::unique_ptr<ReadingQueue>> make_reading(const GidEntry& gid) override;
  Result<std::unique_ptr<ServingQueue>> make_serving(const GidEntry& gid,
                                                     const QueueAddress& partner) override;
  bool is_present() const override;
  Result<void> add_to(Reactor& reactor) override;
  void close() override;

  // EventSource.
  int fd() const override { return channel_ != nullptr ? channel_->fd : -1; }
  uint32_t progress(uint32_t events_max) override;
  [[nodiscard]] bool arm() override;
  void disarm() override;

 private:
  class Reading;
  class Serving;

  IbvAdapter(const AdapterOptions& options, AdapterEvents& events)
      : options_(options), events_(events) {}
  Result<void> start(const ChosenPort& chosen, const AdapterMemory& memory);
  Result<void> register_all(const AdapterMemory& memory, uint64_t piece_bytes_max);

  // The device has an event: of the port, of a queue, or its own end.
  void on_ready() override;
  void on_event(const ibv_async_event& event);

  Result<QueuePairHandle> make_queue_pair(uint32_t works_max);
  Result<void> initialize(ibv_qp& pair, int access) const;
  Result<void> receive_from(ibv_qp& pair, const GidEntry& gid, const QueueAddress& partner,
                            uint8_t reads_max) const;
  Result<void> start_reading(ibv_qp& pair, uint32_t packet_number, uint8_t reads_max) const;
  QueueAddress address_of(const ibv_qp& pair, const GidEntry& gid, uint8_t reads_max) const;
  // Nothing: the address is not in memory that is registered.
  std::optional<uint32_t> local_key(const std::byte* address) const;
  // Room in the completion queue for every work of one more queue.
  Result<void> reserve_completions();
  void return_completions();

  // Fixed after start().
  AdapterOptions options_;
  AdapterEvents& events_;
  AdapterFacts facts_;
  NodeMemory memory_;
  uint8_t port_ = 0;
  uint16_t lid_ = 0;
  uint32_t mtu_bytes_ = 0;
  uint8_t reads_out_max_ = 1;
  uint8_t reads_in_max_ = 1;
  uint32_t completions_max_ = 0;
  Reactor* reactor_ = nullptr;

  ContextHandle context_;
  DomainHandle domain_;
  std::optional<Registration> arena_;
  std::optional<Registration> table_;
  std::optional<Registration> scratch_;
  ChannelHandle channel_;
  CompletionQueueHandle completions_;

  uint32_t reserved_ = 0;  // completions that living queues may cause
  uint32_t retired_ = 0;   // and dead ones may have left in the queue
  bool is_lost_ = false;
};

}  // namespace obj::verbs
