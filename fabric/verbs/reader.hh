// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/reader.hh -- the reader's side: reads spread over lanes, each completed exactly
// once.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "fabric/pull/jitter.hh"
#include "fabric/read_transport.hh"
#include "fabric/verbs/cells.hh"
#include "fabric/verbs/exchange_wire.hh"
#include "fabric/verbs/link.hh"
#include "fabric/verbs/path_state.hh"
#include "fabric/verbs/rails.hh"
#include "fabric/verbs/shared_table.hh"

namespace obj::verbs {

struct ReaderOptions {
  uint32_t lanes = 2;  // to each owner, but at least one on each rail; at most kLanesMax
  WindowLimits window{};
  LaneTimes lane{};
  uint32_t connecting_max = 16;  // owners at a time; 240 at once took others 96 s
  uint64_t dial_ns = 3'000'000'000;
  uint64_t redial_least_ns = 50'000'000;
  uint64_t redial_most_ns = 10'000'000'000;
  uint64_t redial_wanted_ns = 250'000'000;  // when somebody posts meanwhile
  uint64_t hurry_ns = 200'000'000;          // then the lane is broken off
};

// Who a peer proved to be. Nothing: it is not up.
using IdentityOf = std::function<std::optional<SourceNode>(PeerId)>;

// What a reader works on. All outlive it.
struct ReaderParts {
  MessageTransport& messages;
  Rails& rails;
  const SharedTable& table;
  Cells& cells;
  ReadCompletions& completions;
};

// Threads: the reactor thread.
class Reader final : public ReadTransport {
 public:
  Reader(const ReaderParts& parts, IdentityOf identity, const ReaderOptions& options,
         uint64_t seed);
  ~Reader() override;

  // ReadTransport.
  void connect(SourceNode node, const std::string& address) override;
  void forget(SourceNode node) override;
  void post_read(const ReadOrder& order) override;
  void post_check(const CheckOrder& order) override;
  void hurry(ReadCookie cookie) override;

  // Events of connections that we dialled, and of adapters.
  void on_peer_up(PeerId peer);
  void on_answer(PeerId peer, const Answer& answer);
  void on_refusal(PeerId peer, const Refusal& refusal);
  void on_garbage(PeerId peer, const Error& what);
  void on_peer_down(PeerId peer, const Error& why);
  void on_work_done(uint64_t tag, const Result<void>& result);
  void on_rail_lost(uint8_t rail, const Error& why);
  bool knows(PeerId peer) const { return links_by_peer_.contains(peer); }

  // Posts what was assigned, tells what completed meanwhile. Returns how much.
  uint32_t work();
  bool has_work() const { return !dirty_.empty() || !early_.empty(); }
  void step(uint64_t now_ns);
  uint64_t next_step_ns() const;

  // Nothing: connect() was not called for it.
  std::optional<PathState> path_state(SourceNode node) const;
  std::vector<PathReport> paths() const;

 private:
  // A completion that must not come from inside the call that causes it.
  struct Early {
    OperationIndex operation;
    Error why;
  };
  struct Hurried {
    ReadCookie cookie;
    uint64_t until_ns;
  };

  // Operations (reader_operations.cc).
  void post(const RemoteCopy& copy, const Operation& operation);
  void assign(Link& link, OperationIndex index);
  bool assign_read(Link& link, Lane& lane, OperationIndex index);
  bool assign_check(Link& link, Lane& lane, OperationIndex index);
  void add_work(Lane& lane, const ReadWindow::Work& work);
  void mark_dirty(Lane& lane);
  void flush(Lane& lane);
  void complete(OperationIndex index, const Result<void>& result);
  void end_early(OperationIndex index, const Error& why) { early_.push_back({index, why}); }
  void check_hurried();
  // Memory that it writes is ours again: the queue pair is destroyed.
  void drop_queue(Lane& lane, const Error& why, std::optional<OperationIndex> culprit,
                  const Error& culprit_error);
  void break_lane(Lane& lane, const Error& why);
  void break_lane(Lane& lane, const Error& why, std::optional<OperationIndex> culprit,
                  const Error& culprit_error);

  // Connections (reader_links.cc).
  Link* link_of(PeerId peer);
  Link* wanted_link(SourceNode node);
  void dial(Link& link);
  // `trouble`: for people, where there is more to say than `why` does.
  void go_down(Link& link, const Error& why);
  void go_down(Link& link, const Error& why, const std::string& trouble);
  void hang_up(Link& link, const Error& why);
  void hang_up(Link& link, const Error& why, const std::string& trouble);
  void offer_lanes(Link& link);
  bool prepare_offer(Lane& lane, OfferedLane& offered);
  void connect_lane(Lane& lane, const AnsweredLane& answered, const Answer& answer);
  void refuse_lane(Lane& lane, LaneVerdict verdict);
  void probe(Lane& lane);
  void on_probed(Lane& lane, const Result<void>& result, Line line);
  // What follows from the states as they are.
  void settle(Link& link);
  void tell_up(Link& link);
  void fail_waiting(Link& link);
  void tick_lanes(Link& link);
  void hasten(Link& link);
  void drop_forgotten();
  uint32_t connecting() const;
  void touch() { next_pass_ns_ = 0; }
  std::string name_of(const Lane& lane) const;
  PathReport report_of(const Link& link) const;

  ReaderParts parts_;
  IdentityOf identity_;
  ReaderOptions options_;
  Jitter jitter_;
  uint64_t now_ns_ = 0;  // of the last step
  uint64_t next_pass_ns_ = 0;

  std::map<SourceNode, Link> links_;
  std::unordered_map<PeerId, Link*> links_by_peer_;
  std::unordered_map<uint32_t, Lane*> lanes_by_serial_;  // that have a queue
  uint32_t last_serial_ = 0;

  Operations operations_;
  std::unordered_map<ReadCookie, OperationIndex> places_;  // reads and checks
  std::vector<Early> early_;
  std::vector<Hurried> hurried_;
  std::vector<uint32_t> dirty_;  // serials of lanes with something to post

  std::vector<ReadWork> batch_;        // scratch
  std::vector<OperationIndex> ended_;  // scratch
};

}  // namespace obj::verbs
