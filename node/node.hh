// SPDX-License-Identifier: Apache-2.0
// node/node.hh -- the daemon without its main: one node's memory, its clients, its loop.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mapping.hh"
#include "base/reactor.hh"
#include "node/cluster.hh"
#include "node/config.hh"
#include "node/greeter.hh"
#include "node/local_service.hh"
#include "node/remote/daemon_pins.hh"
#include "node/request_pump.hh"
#include "node/session_line.hh"
#include "node/session_set.hh"
#include "node/spill/storage_host.hh"
#include "store/admission.hh"
#include "store/arena.hh"
#include "store/object_store.hh"
#include "store/object_table.hh"

namespace obj {

// Threads: start(), run() and the destructor on one thread, which is the reactor thread. stop() may
// be
//          called on it only; request_stop() from any thread or signal handler.
class Node : private Doorkeeper, private LineEvents {
 public:
  // Takes the memory, listens. When it returns, clients can connect (and wait until run()).
  // On failure: a sentence with cause and mend.
  static std::expected<std::unique_ptr<Node>, std::string> start(const NodeConfig& config);
  ~Node() override;

  // Serves until stop() or request_stop().
  void run();
  void stop() { is_stopping_ = true; }
  void request_stop();

  // Takes over what can be changed while it runs: the cluster's pull_bandwidth, and what is shown.
  // Everything else stays as it is.
  void reconfigure(const NodeConfig& config);

  Reactor& reactor() { return reactor_; }
  const NodeConfig& config() const { return config_; }
  // Null: this node is alone.
  const Cluster* cluster() const { return cluster_.get(); }

 private:
  // Wakes the reactor from another thread.
  class StopBell : public FdHandler {
   public:
    explicit StopBell(Node& node);
    void on_ready() override;

    Node& node_;
    UniqueFd event_;
  };

  Node(const NodeConfig& config, uint64_t incarnation, Reactor reactor, ListeningSocket socket,
       Arena arena, ObjectTable table);

  int sleep_ms_max();
  std::expected<void, std::string> start_storage();
  std::expected<void, std::string> start_cluster();
  void step();
  void drain_storage();
  void drain_cluster();

  // Doorkeeper.
  std::vector<int> on_hello(const session::Hello& hello, const Peer& peer,
                            session::Welcome& welcome) override;
  void on_welcomed(SessionId session, Arrival arrival) override;
  void on_not_welcomed(SessionId session) override;

  // LineEvents.
  void on_line_end(SessionId session, const std::string& reason, bool is_breach) override;
  void on_line_bell(SessionId session) override;
  void on_line_status(SessionId session, const session::StatusQuery& query) override;
  void answer_status(SessionId session, const std::string& text);

  // In the order of construction: what comes later uses what comes first.
  NodeConfig config_;
  uint64_t incarnation_;
  uint64_t started_ns_;
  Reactor reactor_;
  Arena arena_;
  ObjectTable table_;
  SessionSet sessions_;
  DaemonPins daemon_pins_;
  DaemonPins spill_pins_{kSpillSession};
  AllReaders readers_;
  ObjectStore store_;
  Admission admission_;
  LocalService service_;
  RequestPump pump_;
  Greeter greeter_;
  StopBell stop_bell_;
  std::unique_ptr<StorageHost> storage_;  // null: there is none
  std::unique_ptr<Cluster> cluster_;

  std::unordered_map<SessionId, std::unique_ptr<Session>> welcoming_;
  std::unordered_map<SessionId, std::unique_ptr<SessionLine>> lines_;
  bool is_stopping_ = false;
};

}  // namespace obj
