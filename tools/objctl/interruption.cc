// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/interruption.hh"

#include <cstddef>
#include <iterator>

namespace objctl {
namespace {

volatile std::sig_atomic_t noted_signal = 0;

void note(int signal) { noted_signal = signal; }

}  // namespace

Interruption::Interruption() {
  noted_signal = 0;
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // the second one kills
  for (size_t i = 0; i < std::size(kSignals); i++) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    // nohup(1) and background jobs of scripts ignore some of them; that stays so.
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

Interruption::~Interruption() {
  for (size_t i = 0; i < std::size(kSignals); i++) {
    ::sigaction(kSignals[i], &before_[i], nullptr);
  }
}

bool Interruption::noted() { return noted_signal != 0; }

void Interruption::die_if_noted() {
  if (noted_signal == 0) return;
  std::signal(noted_signal, SIG_DFL);
  std::raise(noted_signal);
}

std::unexpected<Failure> interrupted(std::string what) {
  return std::unexpected(Failure{OBJ_ECANCELLED, std::move(what), "interrupted"});
}

}  // namespace objctl
