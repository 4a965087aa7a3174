// SPDX-License-Identifier: Apache-2.0
// tools/objbench/spill_stage.hh -- a private daemon that spills, and what is timed on it.
#pragma once

#include <obj/obj.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tools/objbench/client.hh"
#include "tools/objbench/figure.hh"
#include "tools/objbench/private_daemon.hh"

namespace objbench {

// What one way to or from storage took.
struct SpillPass {
  uint64_t objects = 0;
  uint64_t bytes = 0;
  uint64_t restored_objects = 0;  // of those read, how many were not in memory
  double seconds = 0;
  double cpu_seconds = 0;  // of the daemon

  double bytes_per_second() const { return static_cast<double>(bytes) / seconds; }
  double objects_per_second() const { return static_cast<double>(objects) / seconds; }
  double cpu_seconds_per_gib() const {
    return cpu_seconds * static_cast<double>(uint64_t{1} << 30) / static_cast<double>(bytes);
  }
};

struct SpillStageOptions {
  std::string objd;
  std::string directory;  // for everything, the spilled bytes included
  uint64_t memory_bytes = uint64_t{256} << 20;
  uint32_t objects_max = 1u << 20;
};

// The daemon spills whatever is put, at once.
class SpillStage {
 public:
  static Outcome<SpillStage> open(const SpillStageOptions& options);

  // Puts objects without filling them, so that no copy is timed, and waits until they are durable:
  // all but the last 4 MiB, which objd would keep back, is counted; that then is spilled by name.
  Outcome<SpillPass> write(const std::vector<obj_id>& ids, uint64_t size_bytes);
  // Gets the objects in this order, `in_flight` of them at once, and releases each.
  // REQUIRES: ids are of objects of size_bytes.
  Outcome<SpillPass> read(const std::vector<obj_id>& ids, uint64_t size_bytes, uint32_t in_flight);
  Outcome<void> remove(const std::vector<obj_id>& ids);

  // Writes and deletes so much once, so that what is timed then goes to files that are written
  // already, as in a daemon that runs for long.
  Outcome<void> warm_up(uint64_t bytes);

  // How much memory the daemon has besides the arena, in bytes.
  Outcome<uint64_t> private_bytes() const;
  // Called now and then while write() runs.
  void set_watcher(std::function<void()> watcher) { watcher_ = std::move(watcher); }

  const std::string& pages() const { return pages_; }
  // How the daemon reaches its disk, e.g. "io_uring".
  Outcome<std::string> driver() const;

 private:
  SpillStage(PrivateDaemon daemon, Client client, std::string pages)
      : daemon_(std::move(daemon)), client_(std::move(client)), pages_(std::move(pages)) {}

  Outcome<void> put_unfilled(const std::vector<obj_id>& ids, uint64_t size_bytes);
  // Of the status report's storage.
  Outcome<uint64_t> counter(const char* name) const;
  Outcome<void> wait_until_durable(uint64_t objects);
  Outcome<SpillPass> timed(uint64_t objects, uint64_t bytes,
                           const std::function<Outcome<void>()>& work);

  PrivateDaemon daemon_;
  Client client_;
  std::string pages_;
  std::function<void()> watcher_;
};

// A folder for one measurement's bytes, removed with them by the destructor. Inside `parent`, which
// outlives this process, so that they also go where it is killed.
class StorageFolder {
 public:
  // Fails where the file system has less than size_bytes free.
  static Outcome<StorageFolder> create(const std::string& parent, uint64_t size_bytes);

  StorageFolder(StorageFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  StorageFolder& operator=(StorageFolder&&) = delete;
  ~StorageFolder();

  const std::string& path() const { return path_; }

 private:
  explicit StorageFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;  // empty: moved away
};

// For reading in random order.
void shuffle(std::vector<obj_id>& ids);

}  // namespace objbench
