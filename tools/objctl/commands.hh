// SPDX-License-Identifier: Apache-2.0
// tools/objctl/commands.hh -- the commands, one function each.
#pragma once

#include "tools/objctl/failure.hh"
#include "tools/objctl/invocation.hh"

namespace objctl {

// Each carries out one command and prints its result on standard output. The value is the exit code
// of a command that ran and whose answer may be "no" (contains, where, doctor, an audit that
// disagrees).
Outcome<int> run(const PutOptions& options, const GlobalOptions& global);
Outcome<int> run(const GetOptions& options, const GlobalOptions& global);
Outcome<int> run(const LsOptions& options, const GlobalOptions& global);
Outcome<int> run(const StatOptions& options, const GlobalOptions& global);
Outcome<int> run(const RmOptions& options, const GlobalOptions& global);
Outcome<int> run(const PinOptions& options, const GlobalOptions& global);
Outcome<int> run(const UnpinOptions& options, const GlobalOptions& global);
Outcome<int> run(const ContainsOptions& options, const GlobalOptions& global);
Outcome<int> run(const WaitOptions& options, const GlobalOptions& global);
Outcome<int> run(const StatusOptions& options, const GlobalOptions& global);
Outcome<int> run(const TopOptions& options, const GlobalOptions& global);
Outcome<int> run(const NodesOptions& options, const GlobalOptions& global);
Outcome<int> run(const WhereOptions& options, const GlobalOptions& global);
Outcome<int> run(const TransfersOptions& options, const GlobalOptions& global);
Outcome<int> run(const PrefetchOptions& options, const GlobalOptions& global);
Outcome<int> run(const PushOptions& options, const GlobalOptions& global);
Outcome<int> run(const SpillOptions& options, const GlobalOptions& global);
Outcome<int> run(const RestoreOptions& options, const GlobalOptions& global);
Outcome<int> run(const SpillStatusOptions& options, const GlobalOptions& global);
Outcome<int> run(const DoctorOptions& options, const GlobalOptions& global);
Outcome<int> run(const CompletionOptions& options, const GlobalOptions& global);

// Runs the command, tells of its failure on standard error, and returns the exit code.
int carry_out(const Invocation& invocation);

// Tells of a failure on standard error; returns its exit code.
int report(const Failure& failure, const GlobalOptions& global);

}  // namespace objctl
