// SPDX-License-Identifier: Apache-2.0
// node/remote/remote_objects.hh -- this node as one of many: what it wants of the others, what it
// tells the directory, and what others may read here.
//
// No I/O of its own and no clock: it works on the seams MessageTransport and ReadTransport.
// See docs/several_nodes.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "directory/directory_client.hh"
#include "fabric/message_transport.hh"
#include "fabric/pull/pull_options.hh"
#include "fabric/read_source.hh"
#include "fabric/read_transport.hh"
#include "node/cold_storage.hh"
#include "node/elsewhere.hh"
#include "node/remote/daemon_pins.hh"
#include "node/remote/held_copies.hh"
#include "node/remote/pull_driver.hh"
#include "node/remote/pushes.hh"
#include "store/admission.hh"
#include "store/object_store.hh"
#include "store/store_listener.hh"

namespace obj {

struct RemoteOptions {
  PullOptions pull;
  directory::DirectoryClientOptions directory;
  uint64_t seed = 0;  // random and secret
};

// What it is made of. All must outlive it.
struct RemoteSeams {
  ObjectStore& store;
  Admission& admission;
  DaemonPins& pins;
  std::span<std::byte> arena;
  MessageTransport& to_directory;  // calls directory_handler()
  MessageTransport& to_nodes;      // calls node_handler()
  ElsewhereNews& news;
};

// Threads: the reactor thread.
class RemoteObjects : public Elsewhere,
                      private directory::DirectoryClientOwner,
                      private StoreListener,
                      private ColdStorageWatcher {
 public:
  RemoteObjects(const RemoteSeams& seams, const RemoteOptions& options, uint64_t now_ns);
  ~RemoteObjects() override;

  // Who the transports talk to.
  MessageHandler& directory_handler() { return directory_; }
  MessageHandler& node_handler() { return pushes_; }
  ReadCompletions& read_completions() { return driver_; }
  ReadSource& read_source() { return held_; }
  // The transport that calls read_completions(). Before the first step().
  void attach(ReadTransport& reads) { driver_.attach(reads); }
  // The node's storage, which must outlive this. Before the first step().
  void set_storage(ColdStorage& storage);

  // Time passes: sends, decides, acts. Call it after each progress() of the transports and each
  // batch of local requests, and at next_step_ns() at the latest.
  void step(uint64_t now_ns);
  // 0: there is something to do now.
  uint64_t next_step_ns();

  // Elsewhere.
  Result<BundleId> want(PullClass pull_class, std::span<const ObjectId> ids,
                        uint64_t now_ns) override;
  void unwant(BundleId bundle) override;
  Whereabouts whereabouts(const ObjectId& id) override;
  Result<void> free(const ObjectId& id, QuestionTag tag, uint64_t now_ns) override;
  Result<void> push(const ObjectId& id, uint32_t node, QuestionTag tag, uint64_t now_ns) override;
  void on_create_outcome(const CreateOutcome& outcome, uint64_t now_ns) override;

  // ---- for operators ---------------------------------------------------------------------------
  PullManager& pulls() { return driver_.manager(); }
  directory::DirectoryClient& directory() { return directory_; }
  size_t reads_in_flight() const { return driver_.reads_in_flight(); }
  uint64_t pulled_bytes() const { return driver_.pulled_bytes(); }
  // What the directory says of an object, or of all nodes; told later, never from inside.
  using Whereabout = std::function<void(const Result<directory::Located>&)>;
  using AllNodes = std::function<void(const Result<std::vector<directory::NodeAnswer>>&)>;
  Result<void> locate(const ObjectId& id, uint64_t now_ns, Whereabout done);
  Result<void> list_nodes(uint64_t now_ns, AllNodes done);

  // Wants nothing any more and has posted reads complete: the memory is ours again once
  // reads_in_flight() is 0.
  void stop(uint64_t now_ns);

 private:
  // How long an object that another node asks for is worth waiting for memory.
  static constexpr uint64_t kRecalledNs = 30'000'000'000;
  // How long the directory, or another node, may take to answer a delete or a push.
  static constexpr uint64_t kAnswerNs = 5'000'000'000;
  // Tags of questions to the directory: whose they are is in the upper bits.
  enum class Asker : uint64_t { kPull = 0, kPush = 1, kOperator = 2, kRestore = 3 };
  static constexpr directory::RequestTag tag_of(Asker asker, uint64_t number) {
    return static_cast<uint64_t>(asker) << 56 | number;
  }

  struct PushWish {
    ObjectId id;
    QuestionTag tag;
  };

  // DirectoryClientOwner.
  size_t next_of_inventory(uint64_t& cursor, std::span<directory::CopyReport> chunk) override;
  void on_located(directory::RequestTag tag, const Result<directory::Located>& located) override;
  void on_locations(const ObjectId& id, const directory::Located& located) override;
  void on_freed(directory::RequestTag tag, const Result<uint32_t>& holders) override;
  void on_node(directory::RequestTag tag, const Result<directory::NodeAnswer>& node) override;
  void on_nodes(directory::RequestTag tag,
                const Result<std::vector<directory::NodeAnswer>>& nodes) override;
  void on_free_order(const directory::FreeOrder& order) override;
  void on_conflict(const ObjectId& id) override;

  // StoreListener.
  void on_sealed(const Placement& placement) override;
  void on_gone(const Placement& placement, Departure why) override;

  // ColdStorageWatcher.
  void on_forgotten(const SpilledObject& object) override;

  bool recall(const ObjectId& id);
  void ask_restore(const ObjectId& id, SourceNode node);
  void report_spilled(const SpilledObject& object);
  size_t next_of_cold_inventory(size_t& next, std::span<directory::CopyReport> chunk);

  ObjectStore& store_;
  ColdStorage* storage_ = nullptr;  // null: there is none
  ElsewhereNews& news_;
  const SourceNode self_;
  uint64_t now_ns_;
  directory::DirectoryClient directory_;
  PullDriver driver_;
  HeldCopies held_;
  Pushes pushes_;

  uint64_t last_question_ = 0;
  std::unordered_map<directory::RequestTag, PushWish>
      push_wishes_;  // whose node's address is being asked
  std::unordered_map<directory::RequestTag, ObjectId> restore_wishes_;  // the same
  std::unordered_map<directory::RequestTag, Whereabout> locating_;
  struct Listing {
    std::vector<directory::NodeAnswer> nodes;  // so far
    AllNodes done;
  };
  std::unordered_map<directory::RequestTag, Listing> listing_;
  std::vector<Placement> inventory_;      // scratch
  std::vector<ObjectId> cold_inventory_;  // what is listed after all slots
};

}  // namespace obj
