// SPDX-License-Identifier: Apache-2.0
// tools/objctl/pin.cc -- `objctl pin` and `objctl unpin`: keep objects on behalf of an owner.
#include "tools/objctl/commands.hh"
#include "tools/objctl/each_object.hh"
#include "tools/objctl/session.hh"

namespace objctl {

Outcome<int> run(const PinOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kWrite));
  return for_each_object(options.objects, "pin", global, [&](const obj_id& id) {
    return obj_pin(session.get(), &id, options.owner.c_str());
  });
}

Outcome<int> run(const UnpinOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kWrite));
  return for_each_object(options.objects, "unpin", global, [&](const obj_id& id) {
    return obj_unpin(session.get(), &id, options.owner.c_str());
  });
}

}  // namespace objctl
