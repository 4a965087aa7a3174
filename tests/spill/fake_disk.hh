// SPDX-License-Identifier: Apache-2.0
// tests/spill/fake_disk.hh -- DiskIo in memory, with the faults of disks.
//
// FakeStorage is the medium and outlives daemons; a FakeDisk is one daemon's view of it. Faults:
// - orders complete in any order, and short;
// - any order fails with an errno, as `fault` says;
// - power loss: of what no sync has covered, each 512-byte sector is there or not, by chance, also
//   of writes that had not completed; a file whose directory was not synced may be gone;
// - the disk is full; a file or directory is removed; bytes are flipped, files cut off.
// Memory is read and written at completion, as a device may: whoever reuses it before is found out.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/check.hh"
#include "spill/disk_io.hh"

namespace obj {

class FakeStorage {
 public:
  static constexpr uint64_t kSector = 512;

  struct Write {
    uint64_t offset = 0;
    std::vector<std::byte> bytes;
  };
  struct File {
    std::vector<std::byte> now;      // what reads see
    std::vector<std::byte> durable;  // what a power loss leaves for certain
    std::vector<Write> unsynced;     // since the last sync, in order
    bool is_name_durable = false;
    bool is_linked = true;
  };
  struct Directory {
    std::map<std::string, std::shared_ptr<File>> files;
    std::set<std::string> locks;
    bool is_read_only = false;
    bool is_linked = true;
  };

  std::map<std::string, std::shared_ptr<Directory>> directories;
  uint64_t total_bytes = uint64_t{1} << 30;

  uint64_t used_bytes() const {
    uint64_t sum = 0;
    for (const auto& [path, directory] : directories) {
      for (const auto& [name, file] : directory->files) sum += file->now.size();
    }
    return sum;
  }

  // Locks go with their process.
  void daemon_died() {
    for (auto& [path, directory] : directories) directory->locks.clear();
  }

  void lose_power(std::mt19937_64& random) {
    daemon_died();
    for (auto& [path, directory] : directories) {
      std::erase_if(directory->files, [&](const auto& file) {
        return !file.second->is_name_durable && random() % 2 == 0;
      });
      for (auto& [name, file] : directory->files) lose_power(*file, random);
    }
  }

  void flip_bit(File& file, uint64_t offset, unsigned bit = 3) {
    file.now[offset] ^= static_cast<std::byte>(1U << bit);
    file.durable = file.now;
  }

 private:
  static void lose_power(File& file, std::mt19937_64& random) {
    std::vector<std::byte> left = file.durable;
    if (file.now.size() > left.size() && random() % 2 == 0) left.resize(file.now.size());
    for (const Write& write : file.unsynced) {
      for (uint64_t at = 0; at < write.bytes.size(); at += kSector) {
        const uint64_t bytes = std::min(kSector, write.bytes.size() - at);
        if (random() % 2 == 0 || write.offset + at + bytes > left.size()) continue;
        std::memcpy(left.data() + write.offset + at, write.bytes.data() + at, bytes);
      }
    }
    file.now = file.durable = std::move(left);
    file.unsynced.clear();
    file.is_name_durable = true;
  }
};

class FakeDisk : public DiskIo {
 public:
  // What is to become of an order: nothing special, an error, or fewer bytes.
  struct Fate {
    int system_errno = 0;
    std::optional<uint64_t> short_bytes;
  };

  FakeDisk(FakeStorage& storage, uint64_t seed) : storage_(storage), random_(seed) {}

  std::function<Fate(const DiskOrder&, const std::string& name)> fault;
  // Calls of the seam so far that a power loss can fall between.
  uint64_t events() const { return events_; }
  size_t in_flight() const { return posted_.size(); }

  // The power fails now: what is in flight may have reached the medium in part.
  void lose_power() {
    for (const DiskOrder& order : posted_) {
      if (order.kind != DiskOrder::Kind::kWrite) continue;
      FakeStorage::File& file = *open_[order.file].file;
      file.unsynced.push_back({order.offset, {order.memory, order.memory + order.size_bytes}});
    }
    storage_.lose_power(random_);
    die();
  }
  // The process is killed: what was posted happens, in full, and nobody hears of it.
  void kill() {
    for (const DiskOrder& order : posted_) (void)apply(order);
    storage_.daemon_died();
    die();
  }

  // From now on nothing reaches the storage, and all fails: so that what is left of the daemon can
  // be taken apart in order.
  void die() {
    is_dead_ = true;
    submitted_ = posted_.size();
  }

  // EventSource. One completion a call: a test can stop after each.
  int fd() const override { return -1; }
  uint32_t progress(uint32_t) override {
    if (submitted_ == 0) return 0;
    events_++;
    const size_t chosen = random_() % submitted_;
    const DiskOrder order = posted_[chosen];
    posted_.erase(posted_.begin() + static_cast<ptrdiff_t>(chosen));
    submitted_--;
    const auto result = apply(order);
    completions_->on_disk_done(order.cookie, result);
    return 1;
  }
  bool arm() override { return submitted_ == 0; }

  Result<DiskFile> open_directory(const std::string& path) override {
    auto& directory = storage_.directories[path];
    if (directory == nullptr) directory = std::make_shared<FakeStorage::Directory>();
    open_.push_back({directory, nullptr, ""});
    return static_cast<DiskFile>(open_.size() - 1);
  }
  Result<DiskFile> lock(DiskFile directory, const std::string& name) override {
    auto& locks = open_[directory].directory->locks;
    if (open_[directory].directory->is_read_only) return failed(EROFS);
    if (!locks.insert(name).second) return std::unexpected(Error{ErrorCode::kExists, EWOULDBLOCK});
    open_.push_back(open_[directory]);
    return static_cast<DiskFile>(open_.size() - 1);
  }
  Result<std::vector<std::string>> list(DiskFile directory) override {
    std::vector<std::string> names;
    for (const auto& [name, file] : open_[directory].directory->files) names.push_back(name);
    return names;
  }
  Result<DiskFile> open_file(DiskFile directory, const std::string& name, Open how) override {
    events_++;
    if (is_dead_) return failed(EIO);
    auto& files = open_[directory].directory->files;
    const bool is_there = files.contains(name);
    if (how == Open::kCreate) {
      if (is_there) return failed(EEXIST);
      if (!open_[directory].directory->is_linked) return failed(ENOENT);
      if (open_[directory].directory->is_read_only) return failed(EROFS);
      files[name] = std::make_shared<FakeStorage::File>();
    } else if (!is_there) {
      return failed(ENOENT);
    }
    open_.push_back({open_[directory].directory, files[name], name});
    return static_cast<DiskFile>(open_.size() - 1);
  }
  Result<uint64_t> file_bytes(DiskFile file) override { return open_[file].file->now.size(); }
  bool is_linked(DiskFile file) override {
    const Open_& open = open_[file];
    return open.file == nullptr ? open.directory->is_linked : open.file->is_linked;
  }
  Result<void> remove_file(DiskFile directory, const std::string& name) override {
    if (!is_dead_) open_[directory].directory->files.erase(name);
    return {};
  }
  Result<DiskRoom> room(DiskFile) override {
    const uint64_t used = std::min(storage_.used_bytes(), storage_.total_bytes);
    return DiskRoom{storage_.total_bytes, storage_.total_bytes - used};
  }
  void close_file(DiskFile file) override { open_[file] = {}; }
  Result<uint64_t> run_now(const DiskOrder& order) override {
    events_++;
    return apply(order);
  }

  void post(const DiskOrder& order) override {
    if (order.kind == DiskOrder::Kind::kRead || order.kind == DiskOrder::Kind::kWrite) {
      OBJ_CHECK(order.offset % 4096 == 0 && order.size_bytes % 4096 == 0 && order.size_bytes > 0);
      OBJ_CHECK(reinterpret_cast<uintptr_t>(order.memory) % 4096 == 0);
    }
    posted_.push_back(order);
  }
  void submit() override { submitted_ = posted_.size(); }
  void register_memory(std::span<const std::span<std::byte>>) override {}
  const char* name() const override { return "fake"; }
  void set_completions(DiskCompletions& completions) override { completions_ = &completions; }

 private:
  struct Open_ {
    std::shared_ptr<FakeStorage::Directory> directory;
    std::shared_ptr<FakeStorage::File> file;
    std::string name;
  };

  static std::unexpected<Error> failed(int system_errno) {
    const bool is_full = system_errno == ENOSPC;
    return std::unexpected(
        Error{is_full ? ErrorCode::kLimit : ErrorCode::kSystem, system_errno, "fake disk"});
  }

  Result<uint64_t> apply(const DiskOrder& order) {
    if (is_dead_) return failed(EIO);
    const Fate fate = fault ? fault(order, open_[order.file].name) : Fate{};
    if (fate.system_errno != 0) return failed(fate.system_errno);
    const uint64_t bytes = std::min(order.size_bytes, fate.short_bytes.value_or(UINT64_MAX));
    switch (order.kind) {
      case DiskOrder::Kind::kRead: return read(order, bytes);
      case DiskOrder::Kind::kWrite: return write(order, bytes);
      case DiskOrder::Kind::kSync: return sync(order);
      case DiskOrder::Kind::kAllocate: return allocate(order);
      case DiskOrder::Kind::kPunch: return punch(order);
    }
    return uint64_t{0};
  }
  Result<uint64_t> read(const DiskOrder& order, uint64_t bytes) {
    const auto& now = open_[order.file].file->now;
    if (order.offset >= now.size()) return uint64_t{0};
    const uint64_t there = std::min<uint64_t>(bytes, now.size() - order.offset);
    std::memcpy(order.memory, now.data() + order.offset, there);
    return there;
  }
  Result<uint64_t> write(const DiskOrder& order, uint64_t bytes) {
    FakeStorage::File& file = *open_[order.file].file;
    if (order.offset + bytes > file.now.size()) file.now.resize(order.offset + bytes);
    std::memcpy(file.now.data() + order.offset, order.memory, bytes);
    file.unsynced.push_back({order.offset, {order.memory, order.memory + bytes}});
    return bytes;
  }
  Result<uint64_t> sync(const DiskOrder& order) {
    if (open_[order.file].file == nullptr) {
      for (auto& [name, file] : open_[order.file].directory->files) file->is_name_durable = true;
      return uint64_t{0};
    }
    FakeStorage::File& file = *open_[order.file].file;
    file.durable = file.now;
    file.unsynced.clear();
    return uint64_t{0};
  }
  Result<uint64_t> allocate(const DiskOrder& order) {
    FakeStorage::File& file = *open_[order.file].file;
    const uint64_t end = order.offset + order.size_bytes;
    const uint64_t more = end > file.now.size() ? end - file.now.size() : 0;
    if (storage_.used_bytes() + more > storage_.total_bytes) return failed(ENOSPC);
    if (more > 0) file.now.resize(end);
    return uint64_t{0};
  }
  Result<uint64_t> punch(const DiskOrder& order) {
    auto& now = open_[order.file].file->now;
    std::memset(now.data() + order.offset, 0, order.size_bytes);
    const auto at = now.begin() + static_cast<ptrdiff_t>(order.offset);
    open_[order.file].file->unsynced.push_back(
        {order.offset, {at, at + static_cast<ptrdiff_t>(order.size_bytes)}});
    return uint64_t{0};
  }

  FakeStorage& storage_;
  std::mt19937_64 random_;
  std::vector<Open_> open_;
  std::vector<DiskOrder> posted_;
  size_t submitted_ = 0;
  uint64_t events_ = 0;
  bool is_dead_ = false;
  DiskCompletions* completions_ = nullptr;
};

}  // namespace obj
