// SPDX-License-Identifier: Apache-2.0
// tools/objctl/rm.cc -- `objctl rm`: delete objects.
#include "tools/objctl/commands.hh"
#include "tools/objctl/each_object.hh"
#include "tools/objctl/session.hh"

namespace objctl {

Outcome<int> run(const RmOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kWrite));
  return for_each_object(options.objects, "rm", global,
                         [&](const obj_id& id) { return obj_delete(session.get(), &id); });
}

}  // namespace objctl
