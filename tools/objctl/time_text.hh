// SPDX-License-Identifier: Apache-2.0
// tools/objctl/time_text.hh -- spans of time as people read them.
#pragma once

#include <string>

namespace objctl {

// The two largest units: "0.4 s", "12 s", "3 min 5 s", "2 h 4 min", "9 d 3 h".
std::string age_text(double seconds);

// For a bar that counts down: "0:07", "12:34", "1:02:03".
std::string clock_text(double seconds);

}  // namespace objctl
