// SPDX-License-Identifier: Apache-2.0
// tools/objctl/each_object.hh -- one call for each of the objects that a command names.
#pragma once

#include <string>
#include <vector>

#include "tools/objctl/commands.hh"
#include "tools/objctl/object_name.hh"

namespace objctl {

// Calls `act`, which returns an enum obj_status, for each object. A failure is told as "VERB NAME:
// ..." and the rest is still done, unless objd is gone. Returns the worst exit code.
template <class Act>
int for_each_object(const std::vector<ObjectName>& objects, const std::string& verb,
                    const GlobalOptions& global, Act act) {
  int worst = kExitOk;
  for (const ObjectName& object : objects) {
    const int status = act(object.id);
    if (status == OBJ_OK) continue;
    const Failure failure = library_failure(status, verb + " " + object.spelling).error();
    worst = std::max(worst, report(failure, global));
    if (status == OBJ_EDISCONNECTED) break;
  }
  return worst;
}

}  // namespace objctl
