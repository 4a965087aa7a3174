// SPDX-License-Identifier: Apache-2.0
// tools/objctl/interruption.hh -- SIGINT, SIGTERM and SIGHUP, put off until the tool has tidied up.
#pragma once

#include <csignal>

#include "tools/objctl/failure.hh"

namespace objctl {

// While one exists, the three signals are only noted, and what runs looks at noted() between steps.
// Without one they kill as usual. A second signal kills at once, so a step that hangs is no trap.
// One at a time.
class Interruption {
 public:
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  static bool noted();
  // Dies of the noted signal, if there is one, so that a shell sees why.
  static void die_if_noted();

 private:
  static constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
  struct sigaction before_[3];
};

// OBJ_ECANCELLED, "interrupted".
std::unexpected<Failure> interrupted(std::string what);

}  // namespace objctl
