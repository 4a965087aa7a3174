// SPDX-License-Identifier: Apache-2.0
// node/status_report.hh -- the node's state as JSON, for `objctl status` and obj_status().
#pragma once

#include <cstdint>
#include <string>

#include "node/cluster.hh"
#include "node/config.hh"
#include "node/local_service.hh"
#include "node/session_set.hh"
#include "node/spill/storage_host.hh"
#include "store/arena.hh"
#include "store/object_store.hh"

namespace obj {

// Everything the report tells about. All references must outlive the call.
struct StatusSources {
  const NodeConfig& config;
  const Arena& arena;
  ObjectStore& store;
  const ControlHeader& control;
  SessionSet& sessions;
  const LocalService& service;
  Cluster* cluster;      // null: the node is alone
  StorageHost* storage;  // null: there is none
  uint64_t started_ns;
};

// `audit`: recount the ledger and compare, which takes time in proportion to the objects.
// The fields are listed in docs/man/objctl.1.scd.
std::string status_report(const StatusSources& sources, bool audit, uint64_t now_ns);

}  // namespace obj
