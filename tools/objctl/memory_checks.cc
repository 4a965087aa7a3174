// SPDX-License-Identifier: Apache-2.0
// tools/objctl/memory_checks.cc -- whether the arena has its memory, and the right kind of it.
#include <fmt/format.h>

#include "tools/objctl/examination.hh"
#include "tools/objctl/size_text.hh"

namespace objctl {
namespace {

constexpr uint64_t kHugePageBytes = uint64_t{2} << 20;
// What UCX wants of /dev/shm for the queues of some dozens of peers on one machine.
constexpr uint64_t kShmWantedBytes = uint64_t{64} << 20;
// With less memory to spare than this share the kernel begins to kill processes.
constexpr uint64_t kSpareDivisor = 20;

bool runs(const MachineFacts& facts) { return facts.daemon_absent.empty(); }

uint64_t huge_pages_for(uint64_t size_bytes) {
  return (size_bytes + kHugePageBytes - 1) / kHugePageBytes;
}

// Whether a shared mapping gets transparent huge pages when objd asks for them.
bool has_transparent_pages(const MachineFacts& facts) {
  return facts.shmem_enabled == "always" || facts.shmem_enabled == "within_size" ||
         facts.shmem_enabled == "advise" || facts.shmem_enabled == "force";
}

std::string reserve_line(const MachineFacts& facts) {
  return fmt::format("sysctl -w vm.nr_overcommit_hugepages={}   # then restart objd",
                     huge_pages_for(facts.arena_bytes));
}

Finding huge_pages_of_running(const MachineFacts& facts) {
  if (facts.arena_pages != "4K") {
    return {"huge_pages", Verdict::kOk, "the arena is on huge pages: " + facts.arena_pages, ""};
  }
  return {"huge_pages", Verdict::kWarning,
          fmt::format("the arena of {} is on 4 KiB pages: gets of many objects miss the TLB, and "
                      "registration and disk I/O are slower",
                      human_size(facts.arena_bytes)),
          reserve_line(facts)};
}

Finding huge_pages_of_planned(const MachineFacts& facts) {
  const uint64_t wanted = huge_pages_for(facts.arena_bytes);
  const uint64_t to_be_had = facts.huge_pages_free + facts.huge_pages_overcommit;
  if (to_be_had >= wanted) {
    return {"huge_pages", Verdict::kOk,
            fmt::format("{} huge pages of 2 MiB can be had, the arena needs {}", grouped(to_be_had),
                        grouped(wanted)),
            ""};
  }
  const std::string pool =
      fmt::format("{} huge pages of 2 MiB can be had, the arena of {} needs {}", grouped(to_be_had),
                  human_size(facts.arena_bytes), grouped(wanted));
  if (has_transparent_pages(facts)) {
    return {
        "huge_pages", Verdict::kOk,
        pool + ", but it can use transparent ones (shmem_enabled is " + facts.shmem_enabled + ")",
        ""};
  }
  return {"huge_pages", Verdict::kWarning, pool + ", and it would fall back to 4 KiB pages",
          reserve_line(facts)};
}

}  // namespace

Finding check_memory(const MachineFacts& facts) {
  if (facts.memory_bytes == 0) {
    return {"memory", Verdict::kWarning, "the kernel does not tell how much memory there is",
            "mount -t proc proc /proc"};
  }
  const std::string available =
      human_size(facts.available_bytes) + " of " + human_size(facts.memory_bytes) + " available";
  if (!runs(facts) && facts.available_bytes < facts.arena_bytes) {
    return {
        "memory", Verdict::kProblem,
        fmt::format("{}, too little for an arena of {}", available, human_size(facts.arena_bytes)),
        fmt::format("objd --object-store-memory {}M", facts.available_bytes / 10 * 8 >> 20)};
  }
  if (runs(facts) && facts.available_bytes < facts.memory_bytes / kSpareDivisor) {
    return {"memory", Verdict::kWarning,
            fmt::format("{} beside the arena of {}: the kernel may soon kill processes", available,
                        human_size(facts.arena_bytes)),
            fmt::format("object_store_memory = {}M   # in objd.conf, then restart objd",
                        facts.arena_bytes / 10 * 8 >> 20)};
  }
  return {"memory", Verdict::kOk,
          fmt::format("{}, {} an arena of {}", available, runs(facts) ? "beside" : "enough for",
                      human_size(facts.arena_bytes)),
          ""};
}

Finding check_huge_pages(const MachineFacts& facts) {
  const bool is_known = runs(facts) && !facts.arena_pages.empty();
  return is_known ? huge_pages_of_running(facts) : huge_pages_of_planned(facts);
}

Finding check_locked_memory(const MachineFacts& facts) {
  if (facts.may_lock_all) {
    return {"memlock", Verdict::kOk, "objd may lock any amount of memory (CAP_IPC_LOCK)", ""};
  }
  if (!facts.memlock_bytes) {
    return {"memlock", Verdict::kOk, "locked memory (RLIMIT_MEMLOCK) is unlimited", ""};
  }
  const std::string limit = fmt::format("locked memory (RLIMIT_MEMLOCK) is limited to {}",
                                        human_size(*facts.memlock_bytes));
  if (*facts.memlock_bytes >= facts.arena_bytes) {
    return {"memlock", Verdict::kOk, limit + ", enough for the arena", ""};
  }
  const std::string arena = "the arena of " + human_size(facts.arena_bytes);
  const std::string line =
      "LimitMEMLOCK=infinity   # [Service] of objd's unit; by hand: ulimit -l unlimited";
  if (facts.rdma_ports.empty()) {
    return {"memlock", Verdict::kWarning,
            limit + ": " + arena + " cannot be registered with io_uring or an RDMA device", line};
  }
  return {"memlock", Verdict::kProblem,
          limit + ": " + arena + " cannot be registered with the RDMA device", line};
}

Finding check_shared_memory(const MachineFacts& facts) {
  if (!facts.shm_free_bytes) {
    return {"shm", Verdict::kWarning,
            "/dev/shm is not there: nodes on one machine cannot use UCX's shared memory",
            "mount -t tmpfs -o size=1G tmpfs /dev/shm"};
  }
  const std::string room = human_size(*facts.shm_free_bytes) + " free in /dev/shm";
  if (*facts.shm_free_bytes >= kShmWantedBytes) return {"shm", Verdict::kOk, room, ""};
  return {"shm", Verdict::kWarning,
          room + ", too little for UCX's shared memory between nodes on one machine",
          "mount -o remount,size=1G /dev/shm   # in a container: --shm-size=1g"};
}

}  // namespace objctl
