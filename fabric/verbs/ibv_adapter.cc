// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/ibv_adapter.hh"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/check.hh"
#include "base/log.hh"
#include "fabric/verbs/device_list.hh"
#include "fabric/verbs/locked_memory.hh"
#include "fabric/verbs/status.hh"

namespace obj::verbs {
namespace {

constexpr int kCompletionsLeast = 1024;
constexpr uint8_t kHopsMax = 64;
constexpr uint8_t kReceiverNotReadyTimer = 12;  // 0.64 ms; we send nothing that it is for

uint32_t random_packet_number() {
  uint32_t number = 0;
  OBJ_CHECK(::getrandom(&number, sizeof number, 0) == sizeof number);
  return number & 0xffffff;
}

Result<void> make_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
    return std::unexpected(Error{ErrorCode::kSystem, errno, "fcntl"});
  }
  return {};
}

ibv_mtu mtu_code(uint32_t bytes) {
  switch (bytes) {
    case 256: return IBV_MTU_256;
    case 512: return IBV_MTU_512;
    case 1024: return IBV_MTU_1024;
    case 2048: return IBV_MTU_2048;
    default: return IBV_MTU_4096;
  }
}

Result<void> modify(ibv_qp& pair, ibv_qp_attr& attributes, int mask, const char* where) {
  if (const int error = ::ibv_modify_qp(&pair, &attributes, mask); error != 0) {
    return std::unexpected(verbs_error(error, where));
  }
  return {};
}

bool is_fatal(ibv_event_type type) { return type == IBV_EVENT_DEVICE_FATAL; }

}  // namespace

// ---- queues -------------------------------------------------------------------------------------

class IbvAdapter::Reading final : public ReadingQueue {
 public:
  Reading(IbvAdapter& adapter, const GidEntry& gid, QueuePairHandle pair)
      : adapter_(adapter),
        gid_(gid),
        pair_(std::move(pair)),
        address_(adapter.address_of(*pair_, gid, adapter.reads_out_max_)) {}
  ~Reading() override {
    // When ibv_destroy_qp() returns the device does not write for this queue pair any more.
    pair_.reset();
    adapter_.return_completions();
  }

  QueueAddress address() const override { return address_; }

  Result<void> connect(const QueueAddress& partner) override {
    const uint8_t reads_max = std::min(address_.reads_max, partner.reads_max);
    const auto receiving = adapter_.receive_from(*pair_, gid_, partner, 1);
    if (!receiving) return receiving;
    return adapter_.start_reading(*pair_, address_.packet_number, reads_max);
  }

  Result<void> post(std::span<const ReadWork> works) override {
    requests_.assign(works.size(), ibv_send_wr{});
    pieces_.assign(works.size(), ibv_sge{});
    for (size_t i = 0; i < works.size(); i++) {
      const ReadWork& work = works[i];
      const auto key = adapter_.local_key(work.local);
      OBJ_CHECK(key.has_value());
      pieces_[i] = {reinterpret_cast<uintptr_t>(work.local), work.size_bytes, *key};
      ibv_send_wr& request = requests_[i];
      request.wr_id = work.tag;
      request.next = i + 1 < works.size() ? &requests_[i + 1] : nullptr;
      request.sg_list = &pieces_[i];
      request.num_sge = 1;
      request.opcode = IBV_WR_RDMA_READ;
      request.send_flags = work.is_signalled ? unsigned{IBV_SEND_SIGNALED} : 0u;
      request.wr.rdma.remote_addr = work.remote_address;
      request.wr.rdma.rkey = work.key;
    }
    ibv_send_wr* failed = nullptr;
    if (const int error = ::ibv_post_send(pair_.get(), requests_.data(), &failed); error != 0) {
      return std::unexpected(verbs_error(error, "ibv_post_send"));
    }
    return {};
  }

 private:
  IbvAdapter& adapter_;
  GidEntry gid_;
  QueuePairHandle pair_;
  QueueAddress address_;
  std::vector<ibv_send_wr> requests_;  // scratch
  std::vector<ibv_sge> pieces_;        // scratch
};

class IbvAdapter::Serving final : public ServingQueue {
 public:
  Serving(QueuePairHandle pair, const QueueAddress& address)
      : pair_(std::move(pair)), address_(address) {}
  QueueAddress address() const override { return address_; }

 private:
  QueuePairHandle pair_;
  QueueAddress address_;
};

Result<std::unique_ptr<ReadingQueue>> IbvAdapter::make_reading(const GidEntry& gid) {
  const auto reserved = reserve_completions();
  if (!reserved) return std::unexpected(reserved.error());
  auto pair = make_queue_pair(facts_.works_max);
  const auto ready = pair ? initialize(**pair, 0) : Result<void>();
  if (!pair || !ready) {
    return_completions();
    return std::unexpected(!pair ? pair.error() : ready.error());
  }
  return std::unique_ptr<ReadingQueue>(new Reading(*this, gid, std::move(*pair)));
}

Result<std::unique_ptr<ServingQueue>> IbvAdapter::make_serving(const GidEntry& gid,
                                                               const QueueAddress& partner) {
  OBJ_TRY(QueuePairHandle pair, make_queue_pair(1));
  const auto ready = initialize(*pair, IBV_ACCESS_REMOTE_READ);
  if (!ready) return std::unexpected(ready.error());
  // Without send side: it answers READs and can do nothing else.
  const uint8_t reads_max = std::min(reads_in_max_, partner.reads_max);
  const auto receiving = receive_from(*pair, gid, partner, reads_max);
  if (!receiving) return std::unexpected(receiving.error());
  const QueueAddress address = address_of(*pair, gid, reads_max);
  return std::unique_ptr<ServingQueue>(new Serving(std::move(pair), address));
}

Result<QueuePairHandle> IbvAdapter::make_queue_pair(uint32_t works_max) {
  if (is_lost_) return std::unexpected(Error{ErrorCode::kDisconnected, ENODEV, "verbs: device"});
  ibv_qp_init_attr attributes{};
  attributes.send_cq = attributes.recv_cq = completions_.get();
  attributes.qp_type = IBV_QPT_RC;
  attributes.cap = {.max_send_wr = works_max,
                    .max_recv_wr = 1,
                    .max_send_sge = 1,
                    .max_recv_sge = 1,
                    .max_inline_data = 0};
  QueuePairHandle pair(::ibv_create_qp(domain_.get(), &attributes));
  if (pair == nullptr) {
    // ENOMEM is how devices say that they have no more of them.
    const ErrorCode code = errno == ENOMEM ? ErrorCode::kLimit : ErrorCode::kSystem;
    return std::unexpected(Error{code, errno, "ibv_create_qp"});
  }
  return pair;
}

Result<void> IbvAdapter::initialize(ibv_qp& pair, int access) const {
  ibv_qp_attr attributes{};
  attributes.qp_state = IBV_QPS_INIT;
  attributes.pkey_index = 0;
  attributes.port_num = port_;
  attributes.qp_access_flags = static_cast<unsigned>(access);
  return modify(pair, attributes,
                IBV_QP_STATE | IBV_QP_PKEY_INDEX | IBV_QP_PORT | IBV_QP_ACCESS_FLAGS,
                "ibv_modify_qp(INIT)");
}

Result<void> IbvAdapter::receive_from(ibv_qp& pair, const GidEntry& gid,
                                      const QueueAddress& partner, uint8_t reads_max) const {
  ibv_qp_attr attributes{};
  attributes.qp_state = IBV_QPS_RTR;
  attributes.path_mtu = mtu_code(std::min(mtu_bytes_, partner.mtu_bytes));
  attributes.dest_qp_num = partner.queue_number;
  attributes.rq_psn = partner.packet_number;
  attributes.max_dest_rd_atomic = reads_max;
  attributes.min_rnr_timer = kReceiverNotReadyTimer;
  ibv_ah_attr& path = attributes.ah_attr;
  path.port_num = port_;
  path.dlid = partner.lid;
  // An InfiniBand partner of our own subnet is found by its LID alone.
  const bool same_subnet = std::equal(gid.gid.begin(), gid.gid.begin() + 8, partner.gid.begin());
  path.is_global = gid.kind != GidKind::kInfiniband || !same_subnet;
  if (path.is_global) {
    std::memcpy(path.grh.dgid.raw, partner.gid.data(), partner.gid.size());
    path.grh.sgid_index = static_cast<uint8_t>(gid.index);
    path.grh.hop_limit = kHopsMax;
    path.grh.traffic_class = options_.traffic_class;
  }
  return modify(pair, attributes,
                IBV_QP_STATE | IBV_QP_AV | IBV_QP_PATH_MTU | IBV_QP_DEST_QPN | IBV_QP_RQ_PSN |
                    IBV_QP_MAX_DEST_RD_ATOMIC | IBV_QP_MIN_RNR_TIMER,
                "ibv_modify_qp(RTR)");
}

Result<void> IbvAdapter::start_reading(ibv_qp& pair, uint32_t packet_number,
                                       uint8_t reads_max) const {
  ibv_qp_attr attributes{};
  attributes.qp_state = IBV_QPS_RTS;
  attributes.timeout = options_.timeout_exponent;
  attributes.retry_cnt = options_.retries;
  attributes.rnr_retry = options_.retries;
  attributes.sq_psn = packet_number;
  attributes.max_rd_atomic = reads_max;
  return modify(pair, attributes,
                IBV_QP_STATE | IBV_QP_TIMEOUT | IBV_QP_RETRY_CNT | IBV_QP_RNR_RETRY |
                    IBV_QP_SQ_PSN | IBV_QP_MAX_QP_RD_ATOMIC,
                "ibv_modify_qp(RTS)");
}

QueueAddress IbvAdapter::address_of(const ibv_qp& pair, const GidEntry& gid,
                                    uint8_t reads_max) const {
  return {.gid = gid.gid,
          .kind = gid.kind,
          .lid = lid_,
          .queue_number = pair.qp_num,
          .packet_number = random_packet_number(),
          .mtu_bytes = mtu_bytes_,
          .reads_max = reads_max};
}

std::optional<uint32_t> IbvAdapter::local_key(const std::byte* address) const {
  if (arena_->holds(address)) return arena_->local_key(address);
  if (scratch_->holds(address)) return scratch_->local_key(address);
  return std::nullopt;
}

// ---- completions --------------------------------------------------------------------------------

Result<void> IbvAdapter::reserve_completions() {
  if (is_lost_) return std::unexpected(Error{ErrorCode::kDisconnected, ENODEV, "verbs: device"});
  const uint32_t needed = reserved_ + retired_ + facts_.works_max;
  if (needed > static_cast<uint32_t>(completions_->cqe)) {
    const uint32_t wanted = std::min(std::max(needed, 2 * reserved_), completions_max_);
    if (wanted < needed) {
      return std::unexpected(
          Error{ErrorCode::kLimit, 0, "verbs: the device's completion queues are too short"});
    }
    if (const int error = ::ibv_resize_cq(completions_.get(), static_cast<int>(wanted))) {
      return std::unexpected(verbs_error(error, "ibv_resize_cq"));
    }
  }
  reserved_ += facts_.works_max;
  return {};
}

void IbvAdapter::return_completions() {
  reserved_ -= facts_.works_max;
  retired_ += facts_.works_max;
}

uint32_t IbvAdapter::progress(uint32_t events_max) {
  if (completions_ == nullptr) return 0;
  std::array<ibv_wc, 64> done;
  const int room = static_cast<int>(std::min<size_t>(events_max, done.size()));
  const int count = ::ibv_poll_cq(completions_.get(), room, done.data());
  if (count < 0) {
    if (!std::exchange(is_lost_, true)) {
      events_.on_lost(verbs_error(EIO, "ibv_poll_cq"));
    }
    return 0;
  }
  if (count == 0) retired_ = 0;
  for (int i = 0; i < count; i++) {
    const ibv_wc& one = done[static_cast<size_t>(i)];
    events_.on_work_done(one.wr_id, completion_result(one.status));
  }
  return static_cast<uint32_t>(count);
}

bool IbvAdapter::arm() {
  return completions_ == nullptr || ::ibv_req_notify_cq(completions_.get(), 0) == 0;
}

void IbvAdapter::disarm() {
  if (channel_ == nullptr) return;
  ibv_cq* queue = nullptr;
  void* context = nullptr;
  unsigned count = 0;
  while (::ibv_get_cq_event(channel_.get(), &queue, &context) == 0) count++;
  if (count > 0) ::ibv_ack_cq_events(completions_.get(), count);
}

// ---- the device's own events --------------------------------------------------------------------

Result<void> IbvAdapter::add_to(Reactor& reactor) {
  const auto added = reactor.add(*this);
  if (!added) return added;
  const auto watching = reactor.watch(context_->async_fd, *this);
  if (!watching) return watching;
  reactor_ = &reactor;
  return {};
}

bool IbvAdapter::is_present() const {
  return context_ != nullptr && ::access(context_->device->dev_path, F_OK) == 0;
}

void IbvAdapter::on_ready() {
  ibv_async_event event;
  while (context_ != nullptr && ::ibv_get_async_event(context_.get(), &event) == 0) {
    // Acknowledged first: what it is about may be destroyed by whoever hears of it.
    ::ibv_ack_async_event(&event);
    on_event(event);
  }
}

void IbvAdapter::on_event(const ibv_async_event& event) {
  log::warn("rdma_event",
            {{"device", facts_.name}, {"what", ::ibv_event_type_str(event.event_type)}});
  if (!is_fatal(event.event_type) || std::exchange(is_lost_, true)) return;
  events_.on_lost({ErrorCode::kDisconnected, ENODEV, "verbs: the device was removed"});
}

// ---- start and end ------------------------------------------------------------------------------

std::expected<std::unique_ptr<IbvAdapter>, std::string> IbvAdapter::open(
    const ChosenPort& chosen, const AdapterMemory& memory, const AdapterOptions& options,
    AdapterEvents& events) {
  std::unique_ptr<IbvAdapter> adapter(new IbvAdapter(options, events));
  if (const auto started = adapter->start(chosen, memory); !started) {
    std::string sentence = "RDMA port " + chosen.device + ":" + std::to_string(chosen.port) + ": " +
                           log::Field("", started.error()).value;
    if (started.error().code == ErrorCode::kOutOfMemory) {
      const uint64_t bytes = memory.arena.size() + memory.table.size() + memory.scratch.size();
      const auto shortage = locked_memory_shortage(LockedMemory::read(), bytes, 1);
      if (shortage) sentence += "; " + *shortage;
    }
    return std::unexpected(sentence);
  }
  return adapter;
}

Result<void> IbvAdapter::start(const ChosenPort& chosen, const AdapterMemory& memory) {
  OBJ_CHECK(!chosen.gids.empty());
  OBJ_TRY(context_, open_device(chosen.device));
  ibv_device_attr device{};
  if (const int error = ::ibv_query_device(context_.get(), &device)) {
    return std::unexpected(verbs_error(error, "ibv_query_device"));
  }
  ibv_port_attr port{};
  if (const int error = ::ibv_query_port(context_.get(), chosen.port, &port)) {
    return std::unexpected(verbs_error(error, "ibv_query_port"));
  }
  port_ = chosen.port;
  lid_ = port.lid;
  mtu_bytes_ = 128u << port.active_mtu;
  const auto reads = [&](int limit) {
    return static_cast<uint8_t>(std::clamp<int>(limit, 1, options_.reads_max));
  };
  reads_out_max_ = reads(device.max_qp_init_rd_atom);
  reads_in_max_ = reads(device.max_qp_rd_atom);
  completions_max_ = static_cast<uint32_t>(std::max(device.max_cqe, 0));
  facts_ = {.name = chosen.device + ":" + std::to_string(chosen.port),
            .gids = chosen.gids,
            .bits_per_s = 0,
            .works_max = static_cast<uint32_t>(
                std::clamp<int>(device.max_qp_wr, 1, static_cast<int>(options_.works_max))),
            .read_bytes_max = std::min(port.max_msg_sz, uint32_t{1} << 30)};

  domain_.reset(::ibv_alloc_pd(context_.get()));
  if (domain_ == nullptr) return std::unexpected(verbs_error(errno, "ibv_alloc_pd"));
  const auto registered =
      register_all(memory, std::min<uint64_t>(device.max_mr_size, options_.piece_bytes_max));
  if (!registered) return registered;

  channel_.reset(::ibv_create_comp_channel(context_.get()));
  if (channel_ == nullptr) return std::unexpected(verbs_error(errno, "ibv_create_comp_channel"));
  const int depth = std::min(device.max_cqe, kCompletionsLeast);
  completions_.reset(::ibv_create_cq(context_.get(), depth, nullptr, channel_.get(), 0));
  if (completions_ == nullptr) return std::unexpected(verbs_error(errno, "ibv_create_cq"));
  const auto quiet = make_nonblocking(channel_->fd);
  return quiet ? make_nonblocking(context_->async_fd) : quiet;
}

Result<void> IbvAdapter::register_all(const AdapterMemory& memory, uint64_t piece_bytes_max) {
  constexpr int kArena = IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_READ;
  OBJ_TRY(arena_, Registration::create(*domain_, memory.arena, kArena, piece_bytes_max));
  // Nobody writes by this registration; libibverbs takes addresses of no other kind.
  const std::span<std::byte> table(const_cast<std::byte*>(memory.table.data()),
                                   memory.table.size());
  OBJ_TRY(table_, Registration::create(*domain_, table, IBV_ACCESS_REMOTE_READ, piece_bytes_max));
  OBJ_TRY(scratch_,
          Registration::create(*domain_, memory.scratch, IBV_ACCESS_LOCAL_WRITE, piece_bytes_max));
  memory_ = {arena_->layout(), table_->layout()};
  return {};
}

void IbvAdapter::close() {
  is_lost_ = true;
  if (context_ == nullptr) return;
  if (reactor_ != nullptr) reactor_->unwatch(context_->async_fd, *this);
  disarm();
  completions_.reset();
  channel_.reset();
  scratch_.reset();
  table_.reset();
  arena_.reset();
  domain_.reset();
  context_.reset();
}

IbvAdapter::~IbvAdapter() { close(); }

}  // namespace obj::verbs
