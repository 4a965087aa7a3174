// SPDX-License-Identifier: Apache-2.0
// directory/directory_client.hh -- a node's side of the directory: reports, lookups, subscriptions,
// frees.
//
// All calls only queue; step() sends. What is asked ends: with an answer, or at its deadline. What
// was reported is told again, in full, to a directory that was started again. See
// docs/directory.md. What is sent and when is in directory_client.cc, what comes back in
// directory_client_answers.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/result.hh"
#include "directory/directory_client_owner.hh"
#include "directory/directory_link.hh"
#include "directory/location_cache.hh"
#include "directory/pending_answers.hh"
#include "directory/report_queue.hh"
#include "directory/subscription_set.hh"
#include "directory/wire/message_writer.hh"
#include "directory/wire/messages.hh"
#include "fabric/message_transport.hh"

namespace obj::directory {

struct DirectoryClientOptions {
  LinkOptions link;
  NodeInfo node;                          // this node; a larger incarnation after each start
  size_t pending_reports_max = 1u << 20;  // beyond that, an inventory instead
  size_t questions_max = 1u << 20;        // lookups, frees and node queries, each
  size_t cache_entries_max = 1u << 16;
};

// Lifetime: `transport` and `owner` must outlive it.
// Threads:  the reactor thread.
// Limits:   see DirectoryClientOptions; at most one batch of reports, one of subscriptions and
//           kQuestionBatchesMax of each kind of question are in flight.
class DirectoryClient : public MessageHandler {
 public:
  // `seed`: random and secret; of hash tables and jitter.
  DirectoryClient(MessageTransport& transport, DirectoryClientOwner& owner,
                  const DirectoryClientOptions& options, uint64_t seed, uint64_t now_ns);

  // Time passes, and what was queued is sent. Call it after each progress() of the transport and
  // at next_step_ns() at the latest.
  void step(uint64_t now_ns);
  // 0: there is something to send now.
  uint64_t next_step_ns();

  // ---- what this node holds --------------------------------------------------------------------
  // A copy that is being filled, is sealed, changed its role: the last state counts. One more whole
  // secondary copy, and one less of any kind, may wait kPatienceNs for others: nobody waits for it.
  void report(const ObjectId& id, const ObjectShape& shape, const Copy& copy);
  // REQUIRES: in the order in which it happened: before the report of the next copy of `id`, also
  // if readers keep the deleted one in memory for a while. Call it before the copy's memory is
  // reused. The directory may still name it for a moment; its readers find out by the generation.
  void withdraw(const ObjectId& id, uint32_t slot, uint64_t generation);
  void set_load(const NodeLoad& load) { load_ = load; }

  // ---- questions; each is answered once under its tag, never from inside the call. kLimit.
  // -------
  Result<void> lookup(const ObjectId& id, RequestTag tag, uint64_t deadline_ns);
  Result<void> free(const ObjectId& id, RequestTag tag, uint64_t deadline_ns);
  Result<void> find_node(NodeId node, RequestTag tag, uint64_t deadline_ns);
  // Up to wire::kNodesMax nodes with larger ids than `after`; none: there are no more.
  Result<void> list_nodes(NodeId after, RequestTag tag, uint64_t deadline_ns);

  // What is known without asking: by subscription, or the last answer. Null: nothing. Valid until
  // the next call of anything here.
  const Located* known(const ObjectId& id);
  // The copy of `node` was not there.
  void invalidate(const ObjectId& id, const NodeRef& node) { cache_.invalidate(id, node); }

  // Repeats have no effect. on_locations() says what is known, and then each change.
  void subscribe(const ObjectId& id) { subscriptions_.add(id); }
  void unsubscribe(const ObjectId& id);

  // The directory knows all that was reported (but for what it refused).
  bool caught_up() const;
  bool connected() const { return link_.ready(); }
  uint64_t reports_refused() const { return reports_refused_; }

  void on_peer_up(PeerId peer, bool is_ours) override;
  void on_message(PeerId peer, std::span<const std::byte> message) override;
  void on_peer_down(PeerId peer, const Error& why) override;

  static constexpr size_t kQuestionBatchesMax = 8;
  // How long what nobody waits for is gathered. Sent one by one such messages would cost a node
  // that pulls small objects more than the pulls.
  static constexpr uint64_t kPatienceNs = 1'000'000;

 private:
  struct SeededHash {
    uint64_t seed;
    size_t operator()(const ObjectId& id) const { return hash(id, seed); }
  };
  using ObjectQuestions = PendingAnswers<ObjectId, SeededHash>;
  using NodeQuestions = PendingAnswers<NodeId, std::hash<NodeId>>;

  // Owed -> Begun -> Listing -> Ending -> None; Owed again when the connection is lost before the
  // end.
  enum class Inventory : uint8_t { kNone, kOwed, kBegun, kListing, kEnding };

  // Told to the owner when our own state is in order.
  using News = std::function<void(DirectoryClientOwner&)>;

  void put_report(const CopyReport& report, bool is_urgent);
  bool reports_due() const;
  bool subscriptions_due() const;
  bool answer_due() const;

  void flush();
  void send_reports();
  void send_inventory();
  void send_batch();
  void send_report(std::span<const std::byte> message);
  void send_subscriptions();
  void send_questions();
  template <class Questions, class Encode>
  void send_each(Questions& questions, size_t count_max, Encode&& encode);
  void lost_link();
  void expire();
  void tell_owner();

  // Each returns false if the message cannot be: a broken directory.
  bool take(const wire::Registered& message);
  bool take(const wire::Reported& message);
  bool take(const wire::Located& message);
  bool take(const wire::Subscribed& message);
  bool take(const wire::Changes& message);
  bool take(const wire::Freed& message);
  bool take(const wire::FreeOrders& message);
  bool take(const wire::Nodes& message);
  template <class Other>
  bool take(const Other&) {
    return false;
  }  // not for a node
  void take_answer(const ObjectId& id, const Answer& answer);
  // Ends the questions under `key`: each tag is told `result` by `tell`, a function of the owner.
  template <class Questions, class Key, class Tell, class Answered>
  void finish(Questions& questions, const Key& key, Tell tell, const Answered& result);
  bool take_node_page(uint64_t cookie, wire::NodeAnswers answers);

  // Fixed after construction.
  DirectoryClientOwner& owner_;
  DirectoryClientOptions options_;
  NodeLoad load_;

  uint64_t now_ns_;
  DirectoryLink link_;
  wire::MessageWriter writer_;

  // Reports.
  ReportQueue reports_;
  Inventory inventory_ = Inventory::kOwed;
  uint64_t inventory_cursor_ = 0;
  uint64_t sequence_ = 0;          // of the last report
  bool report_in_flight_ = false;  // `sequence_` is not acknowledged yet
  uint64_t reports_refused_ = 0;
  uint64_t reports_due_ns_ = UINT64_MAX;  // when those that wait must go

  // Questions.
  uint64_t last_cookie_ = 0;
  ObjectQuestions lookups_;
  ObjectQuestions frees_;
  NodeQuestions node_queries_;
  NodeQuestions node_lists_;  // by the id after which the page begins
  LocationCache cache_;

  SubscriptionSet subscriptions_;
  bool subscription_in_flight_ = false;
  uint64_t leaving_due_ns_ = UINT64_MAX;  // when what we unsubscribed from must be told

  std::vector<News> news_;
  std::vector<RequestTag> tags_;  // scratch
};

}  // namespace obj::directory
