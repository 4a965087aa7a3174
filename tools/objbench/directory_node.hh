// SPDX-License-Identifier: Apache-2.0
// tools/objbench/directory_node.hh -- a made-up node with very many objects, as a directory sees
// it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "directory/directory_client.hh"
#include "fabric/ucx/ucx_fabric.hh"
#include "tools/objbench/outcome.hh"

namespace objbench {

// The node's side of the directory is the daemon's own (directory::DirectoryClient over UCX on
// TCP); its objects are numbers, and are nowhere.
//
// Threads: one, which polls all the time.
class DirectoryNode : private obj::directory::DirectoryClientOwner {
 public:
  // `address`: of the directory, which must run. Fails where it is not reached in kPatienceNs.
  static Outcome<std::unique_ptr<DirectoryNode>> join(const std::string& address);

  // The copies [first, first + count) are of this generation now. Returns once the directory has
  // acknowledged all. Fails when it refuses one, or is silent for kPatienceNs.
  Outcome<void> report(uint64_t first, uint64_t count, uint64_t generation);
  // Asks for `count` objects at once and waits for the answers. The numbers: (first + n * stride) %
  // objects. Fails when one is not found.
  Outcome<void> look_up(uint64_t first, uint64_t count, uint64_t stride, uint64_t objects);

 private:
  static constexpr uint64_t kPatienceNs = 20'000'000'000;

  DirectoryNode() = default;
  template <class Done>
  Outcome<void> turn_until(Done&& done);

  // DirectoryClientOwner: holds nothing at first, counts answers.
  size_t next_of_inventory(uint64_t&, std::span<obj::directory::CopyReport>) override { return 0; }
  void on_located(obj::directory::RequestTag,
                  const obj::Result<obj::directory::Located>& located) override {
    located ? found_++ : missed_++;
  }
  void on_locations(const obj::ObjectId&, const obj::directory::Located&) override {}
  void on_freed(obj::directory::RequestTag, const obj::Result<uint32_t>&) override {}
  void on_node(obj::directory::RequestTag,
               const obj::Result<obj::directory::NodeAnswer>&) override {}
  void on_nodes(obj::directory::RequestTag,
                const obj::Result<std::vector<obj::directory::NodeAnswer>>&) override {}
  void on_free_order(const obj::directory::FreeOrder&) override {}
  void on_conflict(const obj::ObjectId&) override {}

  uint64_t found_ = 0;
  uint64_t missed_ = 0;
  std::unique_ptr<obj::directory::DirectoryClient> client_;
  std::unique_ptr<obj::UcxFabric> fabric_;  // ends before what it calls
};

}  // namespace objbench
