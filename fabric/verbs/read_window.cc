// SPDX-License-Identifier: Apache-2.0
#include "fabric/verbs/read_window.hh"

#include <algorithm>

namespace obj::verbs {

void ReadWindow::take_batch(std::vector<ReadWork>& batch) {
  const size_t before = batch.size();
  uint32_t silent_works = 0;
  uint64_t silent_bytes = 0;
  while (can_post()) {
    const Work work = waiting_.front();
    waiting_.pop_front();
    silent_works++;
    silent_bytes += work.size_bytes;
    const bool is_signalled =
        silent_works >= limits_.signal_works || silent_bytes >= limits_.signal_bytes;
    if (is_signalled) silent_works = 0, silent_bytes = 0;
    batch.push_back({.tag = tag_base_ | sequence_of(posted_.size()),
                     .remote_address = work.remote_address,
                     .key = work.key,
                     .size_bytes = work.size_bytes,
                     .local = work.local,
                     .is_signalled = is_signalled});
    posted_.push_back({work.size_bytes, work.ends});
    posted_bytes_ += work.size_bytes;
  }
  if (batch.size() > before) batch.back().is_signalled = true;
}

std::optional<size_t> ReadWindow::find(uint64_t tag) const {
  if ((tag & ~uint64_t{UINT32_MAX}) != tag_base_) return std::nullopt;
  // Unsigned: what was completed before is far beyond the end.
  const uint32_t position = static_cast<uint32_t>(tag) - first_sequence_;
  if (position >= posted_.size()) return std::nullopt;
  return position;
}

void ReadWindow::on_done(uint64_t tag, std::vector<OperationIndex>& ended) {
  const auto position = find(tag);
  if (!position) return;
  for (size_t i = 0; i <= *position; i++) {
    const Posted& done = posted_.front();
    if (done.ends) ended.push_back(*done.ends);
    bytes_ -= done.size_bytes;
    posted_bytes_ -= done.size_bytes;
    posted_.pop_front();
    first_sequence_++;
  }
}

std::optional<OperationIndex> ReadWindow::operation_of(uint64_t tag) const {
  const auto position = find(tag);
  if (!position) return std::nullopt;
  for (size_t i = *position; i < posted_.size(); i++) {
    if (posted_[i].ends) return posted_[i].ends;
  }
  for (const Work& work : waiting_) {
    if (work.ends) return work.ends;
  }
  return std::nullopt;
}

void ReadWindow::take_all(std::vector<OperationIndex>& ended) {
  for (const Posted& posted : posted_) {
    if (posted.ends) ended.push_back(*posted.ends);
  }
  for (const Work& work : waiting_) {
    if (work.ends) ended.push_back(*work.ends);
  }
  first_sequence_ += static_cast<uint32_t>(posted_.size());
  posted_.clear();
  waiting_.clear();
  bytes_ = posted_bytes_ = 0;
}

bool ReadWindow::withdraw(OperationIndex operation) {
  const auto last = std::ranges::find(waiting_, std::optional(operation), &Work::ends);
  if (last == waiting_.end()) return false;
  // Its works stand together and only the last one has its number.
  auto first = last;
  while (first != waiting_.begin() && !std::prev(first)->ends) --first;
  // At the front there may be works of it missing: posted already.
  const bool is_begun =
      first == waiting_.begin() && !posted_.empty() && !posted_.back().ends.has_value();
  if (is_begun) return false;
  for (auto work = first; work != std::next(last); ++work) bytes_ -= work->size_bytes;
  waiting_.erase(first, std::next(last));
  return true;
}

}  // namespace obj::verbs
