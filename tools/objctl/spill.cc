// SPDX-License-Identifier: Apache-2.0
// tools/objctl/spill.cc -- `objctl spill`, `restore` and `spill-status`: objects in storage.
#include "tools/objctl/commands.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/each_object.hh"
#include "tools/objctl/session.hh"
#include "tools/objctl/status_report.hh"
#include "tools/objctl/storage_page.hh"

namespace objctl {

Outcome<int> run(const SpillOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kWrite));
  return for_each_object(options.objects, "spill", global,
                         [&](const obj_id& id) { return obj_spill(session.get(), &id); });
}

Outcome<int> run(const RestoreOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  const int32_t timeout_ms = global.timeout_ms.value_or(OBJ_FOREVER);
  return for_each_object(options.objects, "restore", global, [&](const obj_id& id) {
    return obj_restore(session.get(), &id, timeout_ms);
  });
}

Outcome<int> run(const SpillStatusOptions&, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  OBJCTL_TRY(const Json status, status_report(session, 0));
  const Json& storage = field(status, "storage");
  if (!storage.is_object()) {
    return std::unexpected(Failure{OBJ_EUNAVAILABLE, "spill-status",
                                   "this objd has no storage: it has no spill_directory"});
  }
  OBJCTL_DO(print(global.json ? json_line(storage) : storage_page(storage)));
  return kExitOk;
}

}  // namespace objctl
