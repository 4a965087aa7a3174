// SPDX-License-Identifier: Apache-2.0
// tools/objctl/prefetch.cc -- `objctl prefetch`: have objects of other nodes brought here.
#include <vector>

#include "tools/objctl/commands.hh"
#include "tools/objctl/session.hh"

namespace objctl {
namespace {

// Longer than any transfer takes, short enough that what no node has is not wanted for ever.
constexpr int32_t kWantedMs = 600'000;

}  // namespace

Outcome<int> run(const PrefetchOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session,
             Session::open(global, Session::Access::kRead, options.objects.size()));
  std::vector<obj_id> ids;
  for (const ObjectName& object : options.objects) ids.push_back(object.id);
  const int status =
      obj_prefetch(session.get(), ids.data(), ids.size(), global.timeout_ms.value_or(kWantedMs));
  if (status != OBJ_OK) return library_failure(status, "prefetch");
  return kExitOk;
}

}  // namespace objctl
