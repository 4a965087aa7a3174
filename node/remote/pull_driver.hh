// SPDX-License-Identifier: Apache-2.0
// node/remote/pull_driver.hh -- carries out what the pull manager decides: on the store, the
// directory and the read transport.
//
// Lifetime: everything passed to the constructor must outlive it.
// Threads:  the reactor thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "directory/directory_client.hh"
#include "fabric/pull/pull_manager.hh"
#include "fabric/read_transport.hh"
#include "node/elsewhere.hh"
#include "node/remote/daemon_pins.hh"
#include "node/remote/node_book.hh"
#include "node/remote/suspects.hh"
#include "store/admission.hh"
#include "store/object_store.hh"

namespace obj {

// The parts of a node that pulls are made with.
struct PullParts {
  ObjectStore& store;
  Admission& admission;
  DaemonPins& pins;
  std::span<std::byte> arena;
  directory::DirectoryClient& directory;
  // Brings back what is in storage here. False: it is not.
  std::function<bool(const ObjectId&)> recall;
  // Asks that node to bring back what is in its storage.
  std::function<void(const ObjectId&, SourceNode)> ask_restore;
};

class PullDriver : public ReadCompletions {
 public:
  // `news`: on_pulled(), on_bundle_...() and on_relief() come from settle() and release_held().
  PullDriver(const PullParts& parts, const PullOptions& options, SourceNode self, uint64_t seed,
             ElsewhereNews& news);

  // The transport that tells this its completions. Before the first settle().
  void attach(ReadTransport& reads) { reads_ = &reads; }

  PullManager& manager() { return manager_; }

  // ---- what is wanted: PullManager::request() and cancel() -------------------------------------
  Result<BundleId> request(PullClass pull_class, std::span<const ObjectId> ids, uint64_t now_ns);
  void cancel(BundleId bundle);

  // ---- what happened ---------------------------------------------------------------------------
  void on_locations(const ObjectId& id, const directory::Located& located, uint64_t now_ns);
  void on_node(directory::RequestTag tag, const Result<directory::NodeAnswer>& node,
               uint64_t now_ns);
  void on_create_outcome(const CreateOutcome& outcome, uint64_t now_ns);
  void on_sealed(const Placement& placement, uint64_t now_ns);
  void on_gone(const Placement& placement, uint64_t now_ns);
  void on_read_done(ReadCookie cookie, const Result<ReadProof>& result) override;
  void on_check_done(ReadCookie cookie, const Result<SlotSighting>& result) override;
  // Nobody reads this copy of ours any more.
  void on_unheld(ObjectRef ref);

  // Decides and acts until there is nothing left to do.
  void settle(uint64_t now_ns);
  // 0: settle() now.
  uint64_t next_step_ns();

  // Bytes that reads brought since the start, whether they were needed in the end or not.
  uint64_t pulled_bytes() const { return pulled_bytes_; }
  // Posted and not completed: their memory is not ours.
  size_t reads_in_flight() const { return posted_.size(); }
  // Nothing is wanted any more; posted reads complete as soon as they can.
  void stop(uint64_t now_ns);

 private:
  // How often the clients' pins are read while anything is wanted.
  static constexpr uint64_t kViewsEveryNs = 10'000'000;
  static constexpr uint64_t kNodeAnswerNs = 2'000'000'000;
  // How long locations that are known already are trusted alone: most small objects are here by
  // then, and the directory need not be asked.
  static constexpr uint64_t kTrustNs = 1'000'000;

  struct Reserved {
    ObjectId id;
    ObjectShape shape;
    Placement placement;
    bool is_shown = false;
  };

  struct Posted {
    SourceNode node;
    uint32_t size_bytes;  // 0: a check
  };
  struct Completion {
    ReadCookie cookie;
    std::variant<Result<ReadProof>, Result<SlotSighting>> result;
  };

  void tell_completions();
  void note_end(const Posted& posted, const Error* error);
  void ask_about(SourceNode node);
  void carry_out(const PullAction& action);
  void handle(const pull_action::Subscribe& action);
  void handle(const pull_action::Unsubscribe& action);
  void handle(const pull_action::Pin& action);
  void handle(const pull_action::Unpin& action);
  void handle(const pull_action::Reserve& action);
  void handle(const pull_action::Seal& action);
  void handle(const pull_action::Release& action);
  void handle(const pull_action::ShowReady& action);
  void handle(const pull_action::PostRead& action);
  void handle(const pull_action::PostCheck& action);
  void handle(const pull_action::HurryPart& action);
  void handle(const pull_action::AskRestore& action);
  void handle(const pull_action::ReportStale& action);
  void handle(const pull_action::BundleDone& action);
  void handle(const pull_action::BundleFailed& action);

  void post(SourceNode node, const ReadPost& post);
  void send(const ReadPost& post);
  void fail(const std::vector<ReadPost>& posts, const Error& why);
  void forget_dead(SourceNode node, uint64_t now_ns);
  void give_back(const Reserved& reserved);
  void tell_local(const ObjectId& id, const Placement& placement);
  void stop_trusting(uint64_t now_ns);
  void tell_budget();
  void look_at_views();

  ObjectStore& store_;
  Admission& admission_;
  DaemonPins& pins_;
  std::span<std::byte> arena_;
  directory::DirectoryClient& directory_;
  const std::function<bool(const ObjectId&)> recall_;
  const std::function<void(const ObjectId&, SourceNode)> ask_restore_;
  ReadTransport* reads_ = nullptr;
  const SourceNode self_;
  ElsewhereNews& news_;

  PullManager manager_;
  NodeBook nodes_;
  Suspects suspects_;
  // The objects that the manager watches.
  struct Watched {
    SourceNode last_holder{};            // who held a copy when the directory last named one
    std::optional<Placement> local{};    // sealed here
    LocalHold hold = LocalHold::kPulls;  // as the manager was told, if local
  };
  std::unordered_map<ObjectId, Watched, ObjectIdHash> watched_;
  // Of them, those to which we are not subscribed yet. May name some that are not watched any more.
  struct Trusted {
    ObjectId id;
    uint64_t until_ns;
  };
  std::deque<Trusted> trusted_;  // in the order of until_ns
  uint64_t now_ns_ = 0;
  bool is_unsettled_ = false;

  std::unordered_map<PullKey, Reserved> reserved_;
  std::map<PullKey, ObjectShape> asked_;  // of creates that wait in the admission queue
  uint64_t reserved_bytes_ = 0;
  // Given up, but on their way to other nodes still.
  std::unordered_map<uint64_t, Reserved> lingering_;  // by pin word
  std::unordered_map<ObjectId, ObjectRef, ObjectIdHash> pinned_;
  std::unordered_map<ReadCookie, Posted> posted_;
  uint64_t pulled_bytes_ = 0;
  std::vector<Completion> completions_;  // told to the manager at the next settle()

  uint64_t viewed_bytes_ = 0;
  uint64_t viewed_at_ns_ = 0;
  std::vector<PullAction> actions_;  // scratch
};

}  // namespace obj
