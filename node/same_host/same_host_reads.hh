// SPDX-License-Identifier: Apache-2.0
// node/same_host/same_host_reads.hh -- reads of daemons on this host: copies from their memory.
//
// A neighbour:
//                 connect()          here             granted
//          Idle -------------> Asking ----> Knocking ---------> Mapped
//                               ^  | failed    | failed           | it hung up: its life is over
//                        retry  |  v           |                  v
//                               Waiting <------'     .---------> Far: UCX for the rest of its life
//                                  '-- too often, or elsewhere --'
//
// See docs/same_host.md.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/event_source.hh"
#include "base/reactor.hh"
#include "base/unique_fd.hh"
#include "fabric/message_transport.hh"
#include "fabric/pull/backoff.hh"
#include "fabric/pull/jitter.hh"
#include "fabric/read_plane.hh"
#include "node/remote/node_book.hh"
#include "node/same_host/memory_door.hh"
#include "node/same_host/neighbour_memory.hh"
#include "node/same_host/same_host_counts.hh"
#include "node/same_host/same_host_wire.hh"

namespace obj {

struct SameHostOptions {
  bool is_on = true;  // off: neither reads so, nor lets others
  uint64_t seed = 1;  // of the retries' jitter
};

// Truly one-sided: the owner may be stopped, and its objects are read all the same. A read is
// looked at before and after, so it proves ReadProof::kSameGeneration.
//
// Threads:  the reactor thread.
// Lifetime: all parts outlive it, but `messages`, which its destructor does not use.
// Reactor:  add it, and call step().
class SameHostReads final : public ReadPlane, public EventSource, public MessageHandler {
 public:
  struct Parts {
    MessageTransport& messages;  // of Service::kSameHost, which calls us
    std::function<std::optional<SourceNode>(PeerId)> identity;  // who the peer proved to be
    ReadCompletions& completions;
    OwnMemory memory;
    Reactor& reactor;
  };
  SameHostReads(const Parts& parts, const SameHostOptions& options);
  ~SameHostReads() override;

  // Lets neighbours in. When it fails they, and we, do without.
  Result<void> start();

  // ReadPlane.
  void connect(SourceNode node, const std::string& address) override;
  void forget(SourceNode node) override;
  void post_read(const ReadOrder& order) override { jobs_.push_back({.post = order}); }
  void post_check(const CheckOrder& order) override { jobs_.push_back({.post = order}); }
  void hurry(ReadCookie cookie) override;
  bool reaches(SourceNode node) const override { return memory_of(node) != nullptr; }

  // EventSource. Its sockets are watched one by one.
  int fd() const override { return -1; }
  uint32_t progress(uint32_t events_max) override;
  [[nodiscard]] bool arm() override { return jobs_.empty(); }

  // Time passed: retries, deadlines. Needed at next_step_ns(), harmless at any time.
  void step(uint64_t now_ns);
  uint64_t next_step_ns() const;

  SameHostCounts counts() const { return {neighbours(), readers(), read_bytes_}; }
  size_t neighbours() const;                          // whose memory we read
  size_t readers() const { return door_.readers(); }  // who read ours

  // MessageHandler.
  void on_peer_up(PeerId peer, bool is_ours) override;
  void on_message(PeerId peer, std::span<const std::byte> message) override;
  void on_peer_down(PeerId peer, const Error& why) override;

 private:
  // How much is copied between two looks at everything else that the reactor has to do: 70-130 us.
  static constexpr uint64_t kTurnBytes = 1 << 20;
  // A copy that is about to go is gone, or stays after all, within one turn of its owner.
  static constexpr uint64_t kUnsettledNs = 10'000'000;
  static constexpr uint64_t kExchangeNs = 3'000'000'000;
  static constexpr uint32_t kTriesMax = 8;
  static constexpr uint64_t kRetryLeastNs = 1'000'000'000;
  static constexpr uint64_t kRetryMostNs = 60'000'000'000;

  class Neighbour final : public FdHandler {
   public:
    enum class State : uint8_t { kIdle, kWaiting, kAsking, kKnocking, kMapped, kFar };

    Neighbour(SameHostReads& reads, SourceNode node, const std::string& address)
        : reads_(reads), node_(node), address_(address) {}
    void on_ready() override { reads_.on_socket(*this); }

    SameHostReads& reads_;
    const SourceNode node_;
    std::string address_;
    State state_ = State::kIdle;
    PeerId peer_ = 0;       // Asking, Knocking
    UniqueFd socket_{-1};   // Knocking, Mapped; watched
    uint64_t next_ns_ = 0;  // Waiting: of the retry; Asking, Knocking: of giving up, 0: not set
    Backoff backoff_{kRetryLeastNs, kRetryMostNs};
    std::unique_ptr<const NeighbourMemory> memory_;  // Mapped
  };
  struct Job {
    ReadPost post;
    uint64_t done_bytes = 0;
    uint64_t settled_by_ns = 0;  // 0: nothing unsettled was seen
    bool is_hurried = false;
  };

  // The exchange.
  void ask(Neighbour& neighbour);
  void on_ask(PeerId peer, std::span<const std::byte> message);
  void on_answer(Neighbour& neighbour, std::span<const std::byte> message);
  void knock(Neighbour& neighbour, const same_host::Answer& answer);
  void on_socket(Neighbour& neighbour);
  Result<std::unique_ptr<const NeighbourMemory>> receive_grant(const Neighbour& neighbour);
  void retry_later(Neighbour& neighbour, const Error& why);
  void give_up(Neighbour& neighbour, const Error& why);
  void hang_up(Neighbour& neighbour);
  void let_go(Neighbour& neighbour);
  void close_socket(Neighbour& neighbour);
  Neighbour* neighbour_of(PeerId peer);

  // Copying.
  const NeighbourMemory* memory_of(SourceNode node) const;
  bool advance(Job& job, uint64_t& budget_bytes);
  bool advance_read(const NeighbourMemory& memory, const ReadOrder& order, Job& job,
                    uint64_t& budget_bytes);
  void fail(const Job& job, const Error& why);

  // Fixed after start().
  Parts parts_;
  SameHostOptions options_;
  HostMark host_;
  bool is_open_ = false;

  MemoryDoor door_;
  Jitter jitter_;
  uint64_t now_ns_ = 0;  // of the last step
  std::map<SourceNode, Neighbour> neighbours_;
  std::deque<Job> jobs_;     // in the order posted
  uint64_t read_bytes_ = 0;  // of reads that were good
};

}  // namespace obj
