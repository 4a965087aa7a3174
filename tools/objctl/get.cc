// SPDX-License-Identifier: Apache-2.0
// tools/objctl/get.cc -- `objctl get`: an object becomes a file, written straight from the arena.
#include <algorithm>
#include <chrono>
#include <cstring>

#include "tools/objctl/commands.hh"
#include "tools/objctl/interruption.hh"
#include "tools/objctl/json_fields.hh"
#include "tools/objctl/output_file.hh"
#include "tools/objctl/progress.hh"
#include "tools/objctl/session.hh"
#include "tools/objctl/terminal.hh"

namespace objctl {
namespace {

constexpr int32_t kTimeoutMs = 0;
constexpr size_t kChunkBytes = size_t{8} << 20;
// How far to look for a zero byte, the mark of data that is no text.
constexpr size_t kPeekBytes = 4096;

std::span<const std::byte> bytes_of(const obj_view& view, const GetOptions& options) {
  if (options.metadata_only) {
    return {static_cast<const std::byte*>(view.metadata), view.metadata_bytes};
  }
  return {static_cast<const std::byte*>(view.data), view.data_bytes};
}

bool looks_binary(std::span<const std::byte> bytes) {
  return std::memchr(bytes.data(), 0, std::min(bytes.size(), kPeekBytes)) != nullptr;
}

Outcome<void> write_to(OutputFile& output, std::span<const std::byte> bytes,
                       const GetOptions& options) {
  const auto shown = options.no_progress ? Progress::Shown::kNever : Progress::Shown::kAuto;
  Progress progress(output.label(), bytes.size(), shown);
  while (!bytes.empty()) {
    if (Interruption::noted()) return interrupted(output.label());
    const auto chunk = bytes.first(std::min(bytes.size(), kChunkBytes));
    OBJCTL_DO(write_whole(output.fd(), chunk, output.label()));
    progress.advance(chunk.size());
    bytes = bytes.subspan(chunk.size());
  }
  return {};
}

}  // namespace

Outcome<int> run(const GetOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  const std::string what = "get " + options.object.spelling;
  obj_view view = {};
  const int status =
      obj_get(session.get(), &options.object.id, global.timeout_ms.value_or(kTimeoutMs), &view);
  if (status != OBJ_OK) return library_failure(status, what);

  const std::span<const std::byte> bytes = bytes_of(view, options);
  if (options.file.empty() && is_terminal(STDOUT_FILENO) && looks_binary(bytes)) {
    return std::unexpected(Failure{
        OBJ_EINVAL, what, "binary data could upset the terminal; name a FILE, or - to insist"});
  }
  const Interruption interruption;
  const auto start = std::chrono::steady_clock::now();
  OBJCTL_TRY(OutputFile output, OutputFile::open(options.file.empty() ? "-" : options.file));
  OBJCTL_DO(write_to(output, bytes, options));
  OBJCTL_DO(output.commit(options.sync));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  // Where the object itself goes to standard output there is no room for a report.
  if (global.json && output.fd() != STDOUT_FILENO) {
    OBJCTL_DO(print(json_line({{"id", id_text(options.object.id)},
                               {"file", options.file},
                               {"bytes", bytes.size()},
                               {"seconds", took.count()}})));
  }
  return kExitOk;
}

}  // namespace objctl
