// SPDX-License-Identifier: Apache-2.0
// tests/loopback/support/in_process_node.hh -- a node on a thread of the test itself.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "node/node.hh"
#include "tests/loopback/support/client.hh"
#include "tests/loopback/support/temp_dir.hh"

namespace obj {

// The whole daemon but its main, on a thread, so that one sanitizer sees it and its clients. Tests
// that fork use ObjdProcess instead.
//
// Its log is shown if the test fails.
class InProcessNode {
 public:
  static constexpr uint64_t kArenaBytes = uint64_t{16} << 20;

  // Small and quick to start: 16 MiB, 4,096 objects, no huge pages. `socket_path` is filled in.
  static NodeConfig small_config();

  explicit InProcessNode(NodeConfig config = small_config());
  ~InProcessNode();

  const std::string& socket() const { return socket_; }
  Client open(obj_open_options options = OBJ_OPEN_OPTIONS_INIT) const {
    return open_client(socket_, options);
  }

  // Ends the node while its clients live on. A second time: no effect.
  void stop();

 private:
  TempDir dir_;
  std::string socket_;
  Node* node_ = nullptr;  // lives on the thread's stack
  std::thread thread_;
};

}  // namespace obj
