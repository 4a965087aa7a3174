// SPDX-License-Identifier: Apache-2.0
#include "spill/uring_disk.hh"

#include <linux/falloc.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/check.hh"
#include "base/log.hh"

namespace obj {
namespace {

constexpr uint64_t kSliceMax = uint64_t{1} << 30;

// The best flags that this kernel takes, best first.
constexpr std::array<uint32_t, 3> kFlags = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
        IORING_SETUP_R_DISABLED,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_R_DISABLED,
    IORING_SETUP_R_DISABLED,
};

std::vector<iovec> slices_of(std::span<const std::span<std::byte>> memory) {
  std::vector<iovec> slices;
  for (std::span<std::byte> rest : memory) {
    while (!rest.empty()) {
      const auto slice = rest.first(std::min<size_t>(rest.size(), kSliceMax));
      slices.push_back({slice.data(), slice.size()});
      rest = rest.subspan(slice.size());
    }
  }
  return slices;
}

}  // namespace

Result<std::unique_ptr<UringDisk>> UringDisk::create() {
  std::unique_ptr<UringDisk> disk(new UringDisk());
  int result = 0;
  for (const uint32_t flags : kFlags) {
    io_uring_params params{};
    params.flags = flags | IORING_SETUP_CQSIZE;
    params.cq_entries = kCompletionsMax;
    result = ::io_uring_queue_init_params(kEntries, &disk->ring_, &params);
    if (result != -EINVAL) break;  // an older kernel refuses flags that it does not know
  }
  if (result < 0) {
    disk->ring_.ring_fd = -1;
    return std::unexpected(Error{ErrorCode::kSystem, -result, "io_uring_setup"});
  }
  disk->bell_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  result = ::io_uring_register_eventfd(&disk->ring_, disk->bell_.get());
  if (result < 0) {
    return std::unexpected(Error{ErrorCode::kSystem, -result, "io_uring_register_eventfd"});
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const auto count = static_cast<uint32_t>(std::min<uint64_t>(files.rlim_cur, kFilesMax));
  if (::io_uring_register_files_sparse(&disk->ring_, count) == 0) {
    disk->is_file_registered_.resize(count);
  }
  return disk;
}

UringDisk::~UringDisk() {
  if (ring_.ring_fd < 0) return;
  // Memory is the kernel's until it says otherwise.
  completions_ = nullptr;
  while (in_flight_ > 0) {
    submit();
    io_uring_cqe* cqe = nullptr;
    if (::io_uring_wait_cqe(&ring_, &cqe) == 0) progress(kEntries);
  }
  ::io_uring_queue_exit(&ring_);
}

void UringDisk::register_memory(std::span<const std::span<std::byte>> memory) {
  const std::vector<iovec> slices = slices_of(memory);
  const int result =
      ::io_uring_register_buffers(&ring_, slices.data(), static_cast<uint32_t>(slices.size()));
  if (result != 0) {
    uint64_t bytes = 0;
    for (const auto& each : memory) bytes += each.size();
    return log::warn("spill_memory_not_registered",
                     {{"bytes", bytes},
                      {"cause", Error{ErrorCode::kSystem, -result, "io_uring_register_buffers"}},
                      {"costs", "about 0.015 CPU seconds a GB spilled"},
                      {"mend",
                       "raise the limit of locked memory: LimitMEMLOCK=infinity in the "
                       "unit file, or ulimit -l unlimited"}});
  }
  for (const iovec& each : slices) {
    slices_.emplace_back(static_cast<std::byte*>(each.iov_base), each.iov_len);
  }
}

uint32_t UringDisk::progress(uint32_t events_max) {
  std::array<io_uring_cqe*, 64> ready;
  struct Done {
    uint32_t slot;
    int32_t result;
  };
  std::array<Done, ready.size()> done;
  const uint32_t most = std::min<uint32_t>(events_max, ready.size());
  const uint32_t count = ::io_uring_peek_batch_cqe(&ring_, ready.data(), most);
  for (uint32_t i = 0; i < count; i++) {
    done[i] = {static_cast<uint32_t>(ready[i]->user_data), ready[i]->res};
  }
  // Given back first: completions may post, and what they post completes later.
  ::io_uring_cq_advance(&ring_, count);
  for (uint32_t i = 0; i < count; i++) complete(done[i].slot, done[i].result);
  if (count > 0 && !waiting_.empty()) submit();
  return count;
}

bool UringDisk::arm() {
  // Taken before the look at the ring: what comes after that rings anew.
  uint64_t rings = 0;
  [[maybe_unused]] const ssize_t size = ::read(bell_.get(), &rings, sizeof rings);
  if (::io_uring_cq_ready(&ring_) > 0) return false;
  // Completions whose work the kernel left to this thread.
  return (__atomic_load_n(ring_.sq.kflags, __ATOMIC_ACQUIRE) & IORING_SQ_TASKRUN) == 0;
}

void UringDisk::post(const DiskOrder& order) {
  uint32_t slot = 0;
  if (free_slots_.empty()) {
    slot = static_cast<uint32_t>(slots_.size());
    slots_.push_back(order);
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
    slots_[slot] = order;
  }
  in_flight_++;
  if (!waiting_.empty() || !try_post(slot)) waiting_.push_back(slot);
}

void UringDisk::submit() {
  if (!is_enabled_) enable();
  for (;;) {
    if (::io_uring_sq_ready(&ring_) > 0) {
      // Fewer than all, or EBUSY, is no loss: the rest goes with the next call.
      const int taken = ::io_uring_submit(&ring_);
      if (taken <= 0) return;
    }
    if (waiting_.empty()) return;
    size_t posted = 0;
    while (posted < waiting_.size() && try_post(waiting_[posted])) posted++;
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(posted));
  }
}

bool UringDisk::try_post(uint32_t slot) {
  io_uring_sqe* const sqe = ::io_uring_get_sqe(&ring_);
  if (sqe == nullptr) return false;
  prepare(*sqe, slots_[slot]);
  ::io_uring_sqe_set_data64(sqe, slot);
  return true;
}

void UringDisk::prepare(io_uring_sqe& sqe, const DiskOrder& order) const {
  const bool is_fixed = order.file < is_file_registered_.size() && is_file_registered_[order.file];
  const int fd = is_fixed ? static_cast<int>(order.file) : files_.fd(order.file);
  const auto size = static_cast<uint32_t>(order.size_bytes);
  const int buffer = buffer_of(order);
  switch (order.kind) {
    case DiskOrder::Kind::kRead:
      OBJ_CHECK(order.size_bytes <= INT32_MAX);
      if (buffer < 0) {
        ::io_uring_prep_read(&sqe, fd, order.memory, size, order.offset);
      } else {
        ::io_uring_prep_read_fixed(&sqe, fd, order.memory, size, order.offset, buffer);
      }
      break;
    case DiskOrder::Kind::kWrite:
      OBJ_CHECK(order.size_bytes <= INT32_MAX);
      if (buffer < 0) {
        ::io_uring_prep_write(&sqe, fd, order.memory, size, order.offset);
      } else {
        ::io_uring_prep_write_fixed(&sqe, fd, order.memory, size, order.offset, buffer);
      }
      break;
    case DiskOrder::Kind::kSync: ::io_uring_prep_fsync(&sqe, fd, IORING_FSYNC_DATASYNC); break;
    case DiskOrder::Kind::kAllocate:
      ::io_uring_prep_fallocate(&sqe, fd, 0, static_cast<off_t>(order.offset),
                                static_cast<off_t>(order.size_bytes));
      break;
    case DiskOrder::Kind::kPunch:
      ::io_uring_prep_fallocate(&sqe, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                static_cast<off_t>(order.offset),
                                static_cast<off_t>(order.size_bytes));
      break;
  }
  if (is_fixed) ::io_uring_sqe_set_flags(&sqe, IOSQE_FIXED_FILE);
}

int UringDisk::buffer_of(const DiskOrder& order) const {
  for (size_t i = 0; i < slices_.size(); i++) {
    const std::byte* const begin = slices_[i].data();
    if (order.memory < begin || order.memory >= begin + slices_[i].size()) continue;
    const auto at = static_cast<uint64_t>(order.memory - begin);
    return order.size_bytes <= slices_[i].size() - at ? static_cast<int>(i) : -1;
  }
  return -1;
}

// Not at creation: the ring belongs to the thread that enables it.
void UringDisk::enable() {
  // liburing 2.3 declares io_uring_enable_rings() and does not export it.
  const long result =
      ::syscall(__NR_io_uring_register, ring_.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
  OBJ_CHECK(result == 0);
  is_enabled_ = true;
}

void UringDisk::complete(uint32_t slot, int32_t result) {
  const DiskOrder order = slots_[slot];
  free_slots_.push_back(slot);
  in_flight_--;
  if (order.kind == DiskOrder::Kind::kAllocate && result == -EOPNOTSUPP) {
    const auto bytes = static_cast<off_t>(order.offset + order.size_bytes);
    result = ::ftruncate(files_.fd(order.file), bytes) == 0 ? 0 : -errno;
  }
  if (completions_ == nullptr) return;
  if (result >= 0) return completions_->on_disk_done(order.cookie, static_cast<uint64_t>(result));
  completions_->on_disk_done(order.cookie,
                             std::unexpected(disk_error(-result, call_of(order.kind))));
}

void UringDisk::register_file(DiskFile file, int fd) {
  if (file >= is_file_registered_.size()) return;
  const int updated = ::io_uring_register_files_update(&ring_, file, &fd, 1);
  is_file_registered_[file] = fd >= 0 && updated == 1;
}

Result<DiskFile> UringDisk::registered(Result<DiskFile> file) {
  if (file) register_file(*file, files_.fd(*file));
  return file;
}

Result<DiskFile> UringDisk::open_directory(const std::string& path) {
  return registered(files_.open_directory(path));
}
Result<DiskFile> UringDisk::lock(DiskFile directory, const std::string& name) {
  return files_.lock(directory, name);
}
Result<std::vector<std::string>> UringDisk::list(DiskFile directory) {
  return files_.list(directory);
}
Result<DiskFile> UringDisk::open_file(DiskFile directory, const std::string& name, Open how) {
  return registered(files_.open_file(directory, name, how));
}
Result<uint64_t> UringDisk::file_bytes(DiskFile file) { return files_.file_bytes(file); }
bool UringDisk::is_linked(DiskFile file) { return files_.is_linked(file); }
Result<void> UringDisk::remove_file(DiskFile directory, const std::string& name) {
  return files_.remove_file(directory, name);
}
Result<DiskRoom> UringDisk::room(DiskFile directory) { return files_.room(directory); }
void UringDisk::close_file(DiskFile file) {
  register_file(file, -1);
  files_.close_file(file);
}
Result<uint64_t> UringDisk::run_now(const DiskOrder& order) { return files_.run_now(order); }

}  // namespace obj
