// SPDX-License-Identifier: Apache-2.0
// tools/objctl/invocation.hh -- what one command line asks for, checked and converted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "tools/objctl/listing.hh"
#include "tools/objctl/object_name.hh"

namespace objctl {

struct GlobalOptions {
  std::string socket;  // empty: where libobj looks
  bool json = false;
  std::optional<int32_t> timeout_ms;  // nothing: the command's own default; negative: for ever
};

struct PutOptions {
  std::string file;                  // "-": standard input
  std::optional<ObjectName> object;  // nothing: a random id
  std::string metadata;              // text, or @FILE
  bool no_progress = false;
};

struct GetOptions {
  ObjectName object;
  std::string file;  // "-": standard output; empty: that too, but no binary data to a terminal
  bool metadata_only = false;
  bool sync = false;
  bool no_progress = false;
};

struct LsOptions {
  ListingFilter filter;
  ListingOrder order;
  ListingColumns columns;
  std::optional<uint64_t> limit;
};

struct StatOptions {
  std::vector<ObjectName> objects;
};

struct RmOptions {
  std::vector<ObjectName> objects;
};

struct PinOptions {
  std::vector<ObjectName> objects;
  std::string owner;  // 1..OBJ_OWNER_BYTES_MAX bytes
};

struct UnpinOptions {
  std::vector<ObjectName> objects;
  std::string owner;
};

struct ContainsOptions {
  std::vector<ObjectName> objects;
};

struct WaitOptions {
  std::vector<ObjectName> objects;
  std::optional<uint64_t> count;  // nothing: all of them
};

struct StatusOptions {
  bool audit = false;
};

struct TopOptions {
  std::optional<uint64_t> frames_max;  // nothing: until stopped
  double interval_s = 2;
};

struct NodesOptions {};

struct WhereOptions {
  std::vector<ObjectName> objects;
};

struct TransfersOptions {
  bool watch = false;
  std::optional<uint64_t> frames_max;  // of a watch; nothing: until stopped
  double interval_s = 1;
};

struct PrefetchOptions {
  std::vector<ObjectName> objects;
};

struct PushOptions {
  std::vector<ObjectName> objects;
  uint32_t node = 0;
};

struct SpillOptions {
  std::vector<ObjectName> objects;
};

struct RestoreOptions {
  std::vector<ObjectName> objects;
};

struct SpillStatusOptions {};

// What doctor judges for. What is not given is the running objd's.
struct DoctorOptions {
  std::optional<uint64_t> memory_bytes;  // of the arena
  std::string listen;                    // HOST:PORT for other nodes
  std::string directory;                 // HOST:PORT of the directory
};

struct CompletionOptions {
  std::string shell;  // "bash"
};

using Command = std::variant<PutOptions, GetOptions, LsOptions, StatOptions, RmOptions, PinOptions,
                             UnpinOptions, ContainsOptions, WaitOptions, StatusOptions, TopOptions,
                             NodesOptions, WhereOptions, TransfersOptions, PrefetchOptions,
                             PushOptions, SpillOptions, RestoreOptions, SpillStatusOptions,
                             DoctorOptions, CompletionOptions>;

struct Invocation {
  GlobalOptions global;
  Command command;
};

}  // namespace objctl
