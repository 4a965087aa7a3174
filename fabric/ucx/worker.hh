// SPDX-License-Identifier: Apache-2.0
// fabric/ucx/worker.hh -- one UCP context with its one worker, and the frames that arrive at it.
#pragma once

#include <ucp/api/ucp.h>

#include <cstddef>
#include <memory>
#include <span>

#include "base/result.hh"
#include "fabric/ucx/settings.hh"

namespace obj::ucx {

inline constexpr unsigned kFrameMessageId = 7;  // of UCX's active messages

struct ArrivedFrame {
  ucp_ep_h from;                       // null: the sender did not say, or is gone
  std::span<const std::byte> header;   // the sender's, to be checked
  std::span<const std::byte> payload;  // empty if it is yet to be fetched
  void* rendezvous = nullptr;          // the descriptor to fetch the payload with
  size_t payload_bytes = 0;
};

class FrameSink {
 public:
  virtual ~FrameSink() = default;

  // From inside ucp_worker_progress(): may send and receive, must not close. Everything in `frame`
  // is valid during the call only.
  virtual void on_frame(const ArrivedFrame& frame) = 0;
};

// Threads: one.  Lifetime: outlives its endpoints and listeners.
class Worker {
 public:
  // `sink` must outlive it.
  static Result<std::unique_ptr<Worker>> create(const TransportChoice& choice, FrameSink& sink);

  ucp_worker_h get() const { return worker_.get(); }
  // Readable when an armed worker has an event.
  int fd() const { return fd_; }
  // False: nothing happened.
  bool progress() { return ::ucp_worker_progress(worker_.get()) != 0; }
  // False: an event waits already.
  bool arm() { return ::ucp_worker_arm(worker_.get()) == UCS_OK; }

 private:
  using ContextHandle = std::unique_ptr<ucp_context, decltype(&::ucp_cleanup)>;
  using WorkerHandle = std::unique_ptr<ucp_worker, decltype(&::ucp_worker_destroy)>;

  Worker(ContextHandle context, WorkerHandle worker, FrameSink& sink)
      : context_(std::move(context)), worker_(std::move(worker)), sink_(sink) {}
  Result<void> attach();
  static ucs_status_t on_active_message(void* self, const void* header, size_t header_bytes,
                                        void* data, size_t data_bytes,
                                        const ucp_am_recv_param_t* param);

  ContextHandle context_;
  WorkerHandle worker_;
  FrameSink& sink_;
  int fd_ = -1;  // the worker's
};

}  // namespace obj::ucx
