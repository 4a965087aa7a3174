// SPDX-License-Identifier: Apache-2.0
// tools/objctl/put.cc -- `objctl put`: a file becomes an object, read straight into the arena.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "tools/objctl/commands.hh"
#include "tools/objctl/input.hh"
#include "tools/objctl/interruption.hh"
#include "tools/objctl/json_fields.hh"
#include "tools/objctl/session.hh"
#include "tools/objctl/size_text.hh"
#include "tools/objctl/spool.hh"

namespace objctl {
namespace {

constexpr int32_t kTimeoutMs = 10000;  // for room

Progress::Shown shown(const PutOptions& options) {
  return options.no_progress ? Progress::Shown::kNever : Progress::Shown::kAuto;
}

Outcome<std::string> metadata_of(const PutOptions& options) {
  if (!options.metadata.starts_with('@')) return options.metadata;
  const std::string path = options.metadata.substr(1);
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open()) return system_failure(errno, "--metadata " + options.metadata);
  Spool spool;
  Progress silent(path, 0, Progress::Shown::kNever);
  OBJCTL_DO(spool.collect(file.get(), OBJ_METADATA_BYTES_MAX, path, silent));
  std::string text(spool.bytes().size(), '\0');
  if (!text.empty()) std::memcpy(text.data(), spool.bytes().data(), text.size());
  return text;
}

// No object can be larger than the arena; if objd does not say how large that is, half of memory.
uint64_t size_bytes_max(const Session& session) {
  const auto text = session.status(0);
  if (text.has_value()) {
    const Json status = Json::parse(*text, nullptr, false);
    if (const auto capacity = as_count(field(status, "arena", "capacity_bytes"))) return *capacity;
  }
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_bytes = ::sysconf(_SC_PAGESIZE);
  return static_cast<uint64_t>(pages) * static_cast<uint64_t>(page_bytes) / 2;
}

// Until it is sealed nobody sees the object; after any failure the session's end aborts it.
Outcome<void> store(const Session& session, const ObjectName& object, Input& input,
                    const std::string& metadata, const PutOptions& options, int32_t timeout_ms) {
  const std::string what = "put " + object.spelling;
  obj_buffer buffer = {};
  int status = obj_create(session.get(), &object.id, input.size_bytes(), metadata.size(),
                          timeout_ms, &buffer);
  if (status != OBJ_OK) return library_failure(status, what);
  if (!metadata.empty()) std::memcpy(buffer.metadata, metadata.data(), metadata.size());
  Progress progress(input.label(), input.size_bytes(), shown(options));
  OBJCTL_DO(input.copy_to({static_cast<std::byte*>(buffer.data), input.size_bytes()}, progress));
  status = obj_seal(session.get(), &buffer);
  if (status != OBJ_OK) return library_failure(status, what);
  return {};
}

ObjectName random_name() {
  ObjectName object;
  obj_id_random(&object.id);
  object.spelling = id_text(object.id);
  return object;
}

}  // namespace

Outcome<int> run(const PutOptions& options, const GlobalOptions& global) {
  // Whatever can fail without objd fails first.
  OBJCTL_TRY(Input input, Input::open(options.file));
  OBJCTL_TRY(const std::string metadata, metadata_of(options));
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kWrite));
  const Interruption interruption;
  if (!input.has_size()) OBJCTL_DO(input.measure(size_bytes_max(session), shown(options)));

  const ObjectName object = options.object.value_or(random_name());
  const auto start = std::chrono::steady_clock::now();
  OBJCTL_DO(
      store(session, object, input, metadata, options, global.timeout_ms.value_or(kTimeoutMs)));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const std::string id = id_text(object.id);
  OBJCTL_DO(print(global.json ? json_line({{"id", id},
                                           {"data_bytes", input.size_bytes()},
                                           {"metadata_bytes", metadata.size()},
                                           {"seconds", took.count()}})
                              : id + "\n"));
  return kExitOk;
}

}  // namespace objctl
