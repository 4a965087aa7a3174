// SPDX-License-Identifier: Apache-2.0
// tools/objd/reload.hh -- what a running objd makes of a changed configuration file.
#pragma once

#include "node/node.hh"
#include "tools/objd/settings.hh"

namespace obj {

// Takes over what can change while it runs and logs each such key; what needs a restart is logged
// and stays. A file or value that is wrong changes nothing; the reason is logged.
// Threads: the reactor thread.
void reload(const ObjdCommand& changed, Node& node);

}  // namespace obj
