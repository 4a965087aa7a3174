// SPDX-License-Identifier: Apache-2.0
// fabric/verbs/device_list.hh -- the RDMA devices of this machine.
#pragma once

#include <vector>

#include "base/result.hh"
#include "fabric/verbs/device_info.hh"
#include "fabric/verbs/handles.hh"

namespace obj::verbs {

// All of them, also those that cannot be used (DeviceInfo::problem). Empty: there is none, or the
// kernel has no RDMA.
std::vector<DeviceInfo> list_devices();

// kNotFound: no device of that name (any more).
Result<ContextHandle> open_device(const std::string& name);

}  // namespace obj::verbs
