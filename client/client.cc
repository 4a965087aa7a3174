// SPDX-License-Identifier: Apache-2.0
#include "client/client.hh"

#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <utility>

namespace obj::client {
namespace {

uint32_t next_serial() {
  static constinit std::atomic<uint32_t> serials_given{0};
  uint32_t serial;
  do {
    serial = serials_given.fetch_add(1, std::memory_order_relaxed) + 1;
  } while (serial == 0);
  return serial;
}

// So that the daemon's membarrier(2) reaches this process. Without it the daemon looks at pins by a
// timer, so a kernel that refuses costs others a little time, and nothing else.
void register_for_membarrier() {
  ::syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
}

session::SegmentHeader& header_of(const SessionLink& link) {
  return *reinterpret_cast<session::SegmentHeader*>(link.segment.bytes().data());
}

template <class T>
std::span<T> part_of(const SessionLink& link, uint64_t offset, size_t count) {
  return {reinterpret_cast<T*>(link.segment.bytes().data() + offset), count};
}

}  // namespace

OrStatus<std::unique_ptr<obj_client>> Client::open(const OpenRequest& request) {
  const auto epoch = process_epoch();
  if (!epoch) {
    return std::unexpected(fail(OBJ_ESYSTEM, "obj_open: %s: %s", epoch.error().where,
                                std::strerror(epoch.error().system_errno)));
  }
  auto greeting = shake_hands(request);
  if (!greeting) return std::unexpected(greeting.error());
  auto link = SessionLink::establish(std::move(*greeting), request.read_only);
  if (!link) return std::unexpected(link.error());
  register_for_membarrier();
  return std::make_unique<obj_client>(*epoch, std::move(*link), request);
}

Client::Client(ForkEpoch epoch, SessionLink link, const OpenRequest& request)
    : liveness_(epoch),
      link_(std::move(link)),
      is_read_only_(request.read_only),
      serial_(next_serial()),
      doorbell_(link_.table.header(), link_.bell_to_daemon.get()),
      pins_(link_.layout.pins_max, header_of(link_).pin_cells_used, epoch),
      reader_(link_.table, link_.arena.bytes(),
              part_of<PinCell>(link_, link_.layout.pins_offset, link_.layout.pins_max), pins_,
              TouchLog(part_of<session::TouchLane>(link_, link_.layout.touches_offset,
                                                   session::kTouchLanes)),
              doorbell_, serial_),
      writer_(link_.arena.bytes(), link_.page_bytes),
      exchange_(link_.segment.bytes(), link_.layout,
                ExtentBounds{link_.arena.bytes().size(), link_.table.slot_count()}, reader_,
                doorbell_),
      progress_(exchange_, reader_, writer_, liveness_,
                DaemonLine(link_.socket.get(), link_.bell_to_client.get()),
                {request.spin_ns, request.grace_ns}),
      status_channel_(link_.socket.get(), request.grace_ns) {}

Status Client::why_unusable() const {
  if (!liveness_.is_own()) {
    return fail(OBJ_EFORKED,
                "this client was opened by the parent process: open one in the child after fork()");
  }
  return fail(OBJ_EDISCONNECTED,
              "objd is gone: close this client and open a new one when objd is back");
}

void Client::leave_in_child() {
  for (UniqueFd* fd : {&link_.socket, &link_.bell_to_daemon, &link_.bell_to_client}) {
    UniqueFd(-1) = std::move(*fd);
  }
  link_.arena = Mapping();
  link_.control = Mapping();
  // The segment is not mapped here (MADV_DONTFORK), and its addresses may be another mapping's by
  // now.
}

}  // namespace obj::client
