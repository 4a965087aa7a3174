// SPDX-License-Identifier: Apache-2.0
// tools/objctl/machine_facts.hh -- what doctor knows of a machine and its objd before it judges.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace objctl {

// A TCP address of objd or of its directory, and what became of an attempt on it.
struct PortFact {
  enum class State : uint8_t {
    kNotAsked,   // there is no such address
    kConnected,  // something accepts connections there
    kFree,       // nothing is bound there, and something could be
    kFailed,     // neither; `problem_errno` says why
    kUnknownHost,
  };
  State state = State::kNotAsked;
  std::string address;
  int problem_errno = 0;
};

struct RdmaPort {
  std::string device;
  uint32_t number = 0;
  std::string state;  // as the kernel says it, e.g. "ACTIVE"
};

// Nothing, in an optional, means: this could not be found out.
struct MachineFacts {
  // The daemon.
  std::string socket;         // where objctl was told to look; empty: the default place
  std::string daemon_absent;  // why none answers; empty: one does
  std::string arena_pages;    // what the running one's arena is made of; empty: unknown
  uint64_t arena_bytes = 0;   // of the running one, or of the one that is planned

  // Memory.
  uint64_t memory_bytes = 0;
  uint64_t available_bytes = 0;
  std::optional<uint64_t> shm_free_bytes;  // of /dev/shm; nothing: it is not there
  bool may_lock_all = false;               // CAP_IPC_LOCK
  std::optional<uint64_t> memlock_bytes;   // RLIMIT_MEMLOCK; nothing: unlimited
  uint64_t huge_pages_free = 0;            // 2 MiB each
  uint64_t huge_pages_overcommit = 0;
  std::string shmem_enabled;  // the chosen word of transparent_hugepage/shmem_enabled

  // Devices and the kernel.
  std::vector<RdmaPort> rdma_ports;
  int io_uring_disabled = 0;  // kernel.io_uring_disabled; 0 also where there is no such setting
  int io_uring_errno = 0;     // of an attempt to set one up; 0: it worked

  // The network.
  std::optional<std::vector<std::string>> ucx_transports;  // as ucx_info lists them
  bool is_alone = true;                                    // objd has no listen address
  std::string transport_in_use;                            // as objd reports it; may be empty
  PortFact listen;
  PortFact directory;
  std::optional<bool> directory_connected;  // as objd reports it
};

}  // namespace objctl
