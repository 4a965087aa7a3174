// SPDX-License-Identifier: Apache-2.0
#include "spill/local_spill.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "base/check.hh"
#include "base/clock.hh"
#include "base/log.hh"

namespace obj {
namespace {

std::string sentence_for(const SpillDirectoryOptions& directory, const Error& error) {
  if (error.code == ErrorCode::kExists) {
    return "spill directory " + directory.path +
           " is in use by another daemon: each needs a directory of its own (or shared=true)";
  }
  return "spill directory " + directory.path + " cannot be used: " + error.where + ": " +
         std::strerror(error.system_errno);
}

}  // namespace

LocalSpill::LocalSpill(const LocalSpillOptions& options, std::unique_ptr<DiskIo> io,
                       Staging staging)
    : options_(options),
      io_(std::move(io)),
      staging_(std::move(staging)),
      work_(*io_),
      writer_(options.writer, directories_, work_, staging_, twins_),
      reader_(directories_, work_, staging_, twins_) {}

LocalSpill::~LocalSpill() { OBJ_CHECK(work_.in_flight() == 0); }

std::expected<std::unique_ptr<LocalSpill>, SpillRefusal> LocalSpill::open(
    const LocalSpillOptions& options, std::unique_ptr<DiskIo> io, std::span<std::byte> arena) {
  auto staging = Staging::create();
  if (!staging) {
    return std::unexpected(SpillRefusal{staging.error(), "no memory for the spill staging"});
  }
  std::unique_ptr<LocalSpill> spill(new LocalSpill(options, std::move(io), std::move(*staging)));
  SpillRefusal why{{ErrorCode::kInvalid, 0, "spill"}, "no spill directory is configured"};
  bool has_any = false;
  for (const SpillDirectoryOptions& each : options.directories) {
    auto directory =
        SpillDirectory::open(each, static_cast<uint16_t>(spill->directories_.size()), *spill->io_,
                             spill->work_, spill->staging_, spill->writer_, spill->findings_);
    if (directory) {
      has_any = true;
      spill->directories_.push_back(std::move(*directory));
      continue;
    }
    why = {directory.error(), sentence_for(each, directory.error())};
    if (why.error.code == ErrorCode::kExists) return std::unexpected(why);
    log::error("spill_directory_left_out", {{"directory", each.path}, {"cause", why.error}});
    spill->directories_.push_back(nullptr);
  }
  if (!has_any) return std::unexpected(why);
  spill->match_copies();
  const std::array<std::span<std::byte>, 2> memory{spill->staging_.bytes(), arena};
  spill->io_->register_memory(memory);
  return spill;
}

// A second copy whose first is gone, with its directory perhaps, is the record.
void LocalSpill::match_copies() {
  std::unordered_multimap<ObjectId, FoundRecord, ObjectIdHash> seconds;
  for (const FoundRecord& each : std::exchange(findings_.second_copies, {})) {
    seconds.emplace(each.copy.id, each);
  }
  for (const FoundRecord& each : findings_.records) {
    const auto [from, to] = seconds.equal_range(each.copy.id);
    const auto twin =
        std::find_if(from, to, [&](const auto& second) { return second.second.copy == each.copy; });
    if (twin == to) continue;
    twins_.add(each.place, twin->second.place);
    seconds.erase(twin);
  }
  for (const auto& [id, second] : seconds) findings_.records.push_back(second);
}

void LocalSpill::set_completions(SpillCompletions& completions) {
  writer_.set_completions(completions);
  reader_.set_completions(completions);
}

bool LocalSpill::step(uint64_t now_ns) {
  // Directories know the time first; commits begin before new writes take the staging.
  for (const auto& directory : directories_) {
    if (directory != nullptr) directory->step(now_ns);
  }
  const bool has_writes = writer_.step();
  const bool has_reads = reader_.step();
  work_.submit();
  return has_writes || has_reads;
}

uint64_t LocalSpill::due_ns() const {
  uint64_t due_ns = kForeverNs;
  for (const auto& directory : directories_) {
    if (directory != nullptr) due_ns = std::min(due_ns, directory->due_ns());
  }
  return due_ns;
}

bool LocalSpill::is_idle() const {
  return writer_.is_idle() && reader_.is_idle() && work_.in_flight() == 0 &&
         std::ranges::all_of(directories_, [](const auto& directory) {
           return directory == nullptr || directory->is_idle();
         });
}

bool LocalSpill::close(uint64_t deadline_ns) {
  for (const auto& directory : directories_) {
    if (directory != nullptr) directory->hurry();
  }
  bool is_in_time = true;
  while (!is_idle()) {
    const uint64_t now_ns = monotonic_ns();
    is_in_time = now_ns < deadline_ns;
    step(now_ns);
    io_->progress(64);
    if (is_in_time) continue;
    writer_.cancel_waiting();
    reader_.cancel_waiting();
  }
  return is_in_time;
}

void LocalSpill::remove(const SpillPlace& place) {
  if (const auto second = twins_.take(place)) remove(*second);
  if (place.store >= directories_.size() || directories_[place.store] == nullptr) return;
  directories_[place.store]->remove(place.segment, place.offset);
}

std::string LocalSpill::url(const SpillPlace& place) const {
  if (place.store >= options_.directories.size()) return {};
  return to_url({options_.directories[place.store].path, place.segment, place.offset, place.size});
}

Result<SpillPlace> LocalSpill::place(std::string_view url) const {
  const auto parts = parse_file_url(url);
  if (!parts) return std::unexpected(Error{ErrorCode::kInvalid, 0, "spill URL: malformed"});
  for (size_t store = 0; store < options_.directories.size(); store++) {
    if (options_.directories[store].path != parts->directory) continue;
    return SpillPlace{static_cast<uint16_t>(store), parts->segment, parts->offset, parts->size};
  }
  return std::unexpected(Error{ErrorCode::kInvalid, 0, "spill URL: of no directory of this node"});
}

uint64_t LocalSpill::room_bytes() const {
  uint64_t sum = 0;
  for (const auto& directory : directories_) {
    if (directory != nullptr) sum += directory->room_bytes();
  }
  return sum;
}

SpillStatus LocalSpill::status() const {
  SpillStatus status;
  status.driver = io_->name();
  for (size_t store = 0; store < directories_.size(); store++) {
    if (directories_[store] != nullptr) {
      status.directories.push_back(directories_[store]->status());
      continue;
    }
    SpillDirectoryStatus left_out;
    left_out.path = options_.directories[store].path;
    left_out.is_working = false;
    left_out.failure = "could not be opened at start";
    status.directories.push_back(left_out);
  }
  status.waiting_writes = writer_.waiting();
  status.waiting_restores = reader_.waiting();
  status.reads_in_flight = work_.reads_in_flight();
  status.writes_in_flight = work_.writes_in_flight();
  return status;
}

void LocalSpill::check_invariants() const {
  for (const auto& directory : directories_) {
    if (directory != nullptr) directory->check_invariants();
  }
}

}  // namespace obj
