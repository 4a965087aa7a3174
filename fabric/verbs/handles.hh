// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/handles.hh -- sole owners of libibverbs objects.
#pragma once

#include <infiniband/verbs.h>

#include <cerrno>
#include <memory>

#include "base/check.hh"

namespace obj::verbs {

// EBUSY means that something of ours still uses the object: a lifetime bug of this process, so stop
// here rather than leak a registration. Any other value (EIO after the device went away) leaves
// nothing to undo: the kernel has taken the hardware's side down already.
template <auto Destroy>
struct Deleter {
  template <class Object>
  void operator()(Object* object) const noexcept {
    const int error = Destroy(object);
    OBJ_CHECK(error != EBUSY);
  }
};

using ContextHandle = std::unique_ptr<ibv_context, Deleter<ibv_close_device>>;
using DomainHandle = std::unique_ptr<ibv_pd, Deleter<ibv_dealloc_pd>>;
using RegionHandle = std::unique_ptr<ibv_mr, Deleter<ibv_dereg_mr>>;
using ChannelHandle = std::unique_ptr<ibv_comp_channel, Deleter<ibv_destroy_comp_channel>>;
using CompletionQueueHandle = std::unique_ptr<ibv_cq, Deleter<ibv_destroy_cq>>;
using QueuePairHandle = std::unique_ptr<ibv_qp, Deleter<ibv_destroy_qp>>;

}  // namespace obj::verbs
