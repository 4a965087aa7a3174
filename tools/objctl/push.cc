// SPDX-License-Identifier: Apache-2.0
// tools/objctl/push.cc -- `objctl push`: have another node bring objects to itself.
#include "tools/objctl/each_object.hh"
#include "tools/objctl/session.hh"

namespace objctl {

Outcome<int> run(const PushOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  return for_each_object(options.objects, "push", global, [&](const obj_id& id) {
    return obj_push(session.get(), &id, options.node);
  });
}

}  // namespace objctl
