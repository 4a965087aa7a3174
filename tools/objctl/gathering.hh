// SPDX-License-Identifier: Apache-2.0
// tools/objctl/gathering.hh -- looks at the machine and at objd's report, for doctor.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/objctl/invocation.hh"
#include "tools/objctl/json_fields.hh"
#include "tools/objctl/machine_facts.hh"

namespace objctl {

// What the kernel and the installed programs say. `daemon`: the process whose limits count;
// nothing: this one.
void gather_machine(std::optional<pid_t> daemon, MachineFacts& facts);

// What objd's status report says, and attempts on the addresses in it.
void gather_daemon(const Json& status, MachineFacts& facts);

// What the user plans, where no objd runs that says otherwise.
void gather_plan(const DoctorOptions& options, MachineFacts& facts);

// Pure parts, for tests.

// The transports that `ucx_info -d` lists, each once, in its order.
std::vector<std::string> transports_in(std::string_view ucx_info_text);
// The word in brackets: "never" of "always within_size [never]". Empty if there is none.
std::string chosen_word(std::string_view text);
// The number behind `key` at the start of a line, as in /proc/meminfo: "KEY:  123 kB".
std::optional<uint64_t> number_after(std::string_view text, std::string_view key, int base = 10);

}  // namespace objctl
