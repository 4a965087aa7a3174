// SPDX-License-Identifier: Apache-2.0
#include "directory/report_queue.hh"

namespace obj::directory {

void ReportQueue::put(const CopyReport& report) {
  const auto [known, is_new] = waiting_of_.try_emplace(report.id, first_ordinal_ + waiting_.size());
  if (is_new)
    waiting_.push_back(report);
  else
    waiting_[known->second - first_ordinal_] = report;
}

void ReportQueue::take(size_t count_max) {
  for (; count_max > 0 && !waiting_.empty(); count_max--) {
    in_flight_.push_back(waiting_.front());
    waiting_of_.erase(waiting_.front().id);
    waiting_.pop_front();
    first_ordinal_++;
  }
}

void ReportQueue::forget_waiting() {
  first_ordinal_ += waiting_.size();
  waiting_.clear();
  waiting_of_.clear();
}

void ReportQueue::forget_all() {
  forget_waiting();
  in_flight_.clear();
}

}  // namespace obj::directory
