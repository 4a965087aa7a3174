// SPDX-License-Identifier: Apache-2.0
#include "tools/objbench/local_stage.hh"

namespace objbench {
namespace {

// A daemon that dies is noticed by the client first, a little before it can be waited for.
constexpr int kDeathMs = 200;

std::string with_obituary(const std::string& sentence, PrivateDaemon& daemon) {
  const std::string obituary = daemon.obituary(kDeathMs);
  return obituary.empty() ? sentence : sentence + " (" + obituary + ")";
}

Outcome<Measurement> with_client(
    PrivateDaemon& daemon, const std::function<Outcome<Measurement>(const LocalStage&)>& measure) {
  OBJBENCH_TRY(Client client, Client::open(daemon.socket()));
  OBJBENCH_TRY(std::string pages, client.pages());
  return measure({daemon, client, std::move(pages)});
}

}  // namespace

Outcome<Measurement> on_local_stage(
    const Surroundings& surroundings, const LocalStageOptions& options,
    const std::function<Outcome<Measurement>(const LocalStage&)>& measure) {
  OBJBENCH_TRY(PrivateDaemon daemon, PrivateDaemon::start({.binary = surroundings.objd,
                                                           .directory = surroundings.directory,
                                                           .memory_bytes = options.memory_bytes,
                                                           .objects_max = options.objects_max}));
  auto outcome = with_client(daemon, measure);
  if (!outcome) return std::unexpected(with_obituary(outcome.error(), daemon));
  return outcome;
}

}  // namespace objbench
