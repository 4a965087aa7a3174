// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/private_cluster.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/clock.hh"
#include "tools/objbench/client.hh"
#include "tools/objbench/machine.hh"

namespace objbench {
namespace {

constexpr int kJoinMs = 20'000;
constexpr uint32_t kPauseUs = 20'000;
// A node that dies is noticed by its client first, a little before it can be waited for.
constexpr int kDeathMs = 200;

PrivateDaemon::Options node_options(const PrivateCluster::Options& options, size_t index,
                                    const std::string& directory_address) {
  const std::string any_port = options.address + ":0";
  PrivateDaemon::Options node{.binary = options.binary,
                              .directory = fmt::format("{}/node{}", options.directory, index + 1),
                              .memory_bytes = options.memory_bytes,
                              .objects_max = options.objects_max,
                              .arguments = {"--listen", any_port},
                              .environment = {"UCX_TLS=" + options.transports}};
  // Nodes that have TCP alone stand for nodes of several hosts.
  if (options.transports == "tcp") {
    node.arguments.insert(node.arguments.end(), {"--same-host", "off"});
  }
  const bool has_directory = directory_address.empty();
  node.arguments.emplace_back(has_directory ? "--directory-listen" : "--directory");
  node.arguments.push_back(has_directory ? any_port : directory_address);
  node.arguments.insert(node.arguments.end(), options.arguments.begin(), options.arguments.end());
  return node;
}

// The address of the directory that this node runs.
Outcome<std::string> directory_of(const PrivateDaemon& node) {
  OBJBENCH_TRY(const Client client, Client::open(node.socket()));
  OBJBENCH_TRY(const nlohmann::json status, client.status());
  std::string address = status.value("/cluster/directory"_json_pointer, std::string());
  if (address.empty()) return std::unexpected("objd does not tell its directory's address");
  return address;
}

size_t nodes_alive(const nlohmann::json& report) {
  const nlohmann::json nodes = report.value("nodes", nlohmann::json::array());
  return static_cast<size_t>(std::ranges::count_if(
      nodes, [](const nlohmann::json& node) { return node.value("status", "") == "alive"; }));
}

// Until the directory has told this node of `count` that live.
Outcome<void> wait_for_nodes(const PrivateDaemon& node, size_t count) {
  OBJBENCH_TRY(const Client client, Client::open(node.socket()));
  const uint64_t deadline_ns = obj::deadline_after_ms(obj::monotonic_ns(), kJoinMs);
  std::string last = "no answer";
  while (obj::monotonic_ns() < deadline_ns) {
    const auto report = client.status(OBJ_STATUS_NODES);
    if (report && nodes_alive(*report) == count) return {};
    last = report ? fmt::format("{} of {} nodes", nodes_alive(*report), count) : report.error();
    ::usleep(kPauseUs);
  }
  return std::unexpected(
      fmt::format("the nodes did not find each other in {} s: {}", kJoinMs / 1000, last));
}

Outcome<void> require_memory(const PrivateCluster::Options& options) {
  const uint64_t needed_bytes = options.memory_bytes * options.nodes;
  if (available_memory_bytes() >= needed_bytes) return {};
  return std::unexpected(fmt::format("needs {} MiB of memory for {} arenas, {} MiB are available",
                                     needed_bytes >> 20, options.nodes,
                                     available_memory_bytes() >> 20));
}

}  // namespace

Outcome<PrivateCluster> PrivateCluster::start(const Options& options) {
  OBJBENCH_DO(require_memory(options));
  PrivateCluster cluster;
  std::string directory_address;
  for (size_t index = 0; index < options.nodes; index++) {
    const PrivateDaemon::Options node = node_options(options, index, directory_address);
    std::error_code error;
    std::filesystem::create_directory(node.directory, error);
    if (error) return std::unexpected(node.directory + ": " + error.message());
    OBJBENCH_TRY(PrivateDaemon daemon, PrivateDaemon::start(node));
    cluster.nodes_.push_back(std::move(daemon));
    if (index == 0) {
      OBJBENCH_TRY(directory_address, directory_of(cluster.nodes_.front()));
    }
  }
  for (const PrivateDaemon& node : cluster.nodes_) {
    const auto found = wait_for_nodes(node, options.nodes);
    if (!found) return std::unexpected(cluster.with_obituaries(found.error()));
  }
  return cluster;
}

PrivateCluster::~PrivateCluster() {
  while (!nodes_.empty()) nodes_.pop_back();
}

std::vector<std::string> PrivateCluster::sockets() const {
  std::vector<std::string> sockets;
  for (const PrivateDaemon& node : nodes_) sockets.push_back(node.socket());
  return sockets;
}

std::vector<pid_t> PrivateCluster::pids() const {
  std::vector<pid_t> pids;
  for (const PrivateDaemon& node : nodes_) pids.push_back(node.pid());
  return pids;
}

std::string PrivateCluster::with_obituaries(const std::string& sentence) {
  std::string text = sentence;
  int patience_ms = kDeathMs;
  for (size_t index = 0; index < nodes_.size(); index++) {
    const std::string obituary = nodes_[index].obituary(std::exchange(patience_ms, 0));
    if (!obituary.empty()) text += fmt::format(" (node {}: {})", index + 1, obituary);
  }
  return text;
}

}  // namespace objbench
