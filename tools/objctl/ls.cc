// SPDX-License-Identifier: Apache-2.0
// tools/objctl/ls.cc -- `objctl ls`: the objects on this node.
#include <algorithm>
#include <array>

#include "tools/objctl/commands.hh"
#include "tools/objctl/descriptor.hh"
#include "tools/objctl/session.hh"

namespace objctl {
namespace {

constexpr size_t kBatch = 4096;
constexpr size_t kWriteBytes = size_t{1} << 18;

// All that the filter admits; without an order, no more than the limit.
Outcome<std::vector<obj_info>> collect(const Session& session, const LsOptions& options) {
  const bool may_stop = options.order.key == ListingOrder::Key::kNone;
  const uint64_t enough = may_stop ? options.limit.value_or(UINT64_MAX) : UINT64_MAX;
  std::vector<obj_info> found;
  std::vector<obj_info> batch(kBatch);
  uint64_t cursor = 0;
  do {
    size_t count = 0;
    const int status = obj_list(session.get(), &cursor, batch.data(), batch.size(), &count);
    if (status != OBJ_OK) return library_failure(status, "ls");
    for (const obj_info& info : std::span(batch).first(count)) {
      if (found.size() < enough && options.filter.admits(info)) found.push_back(info);
    }
  } while (cursor != 0 && found.size() < enough);
  return found;
}

// Fills in what obj_list() does not know. False if the object is gone by now.
Outcome<bool> complete(const Session& session, obj_info& info) {
  const obj_id id = info.id;
  const int status = obj_stat(session.get(), &id, &info);
  if (status == OBJ_ENOTFOUND) return false;
  if (status != OBJ_OK) return library_failure(status, "ls");
  return true;
}

Outcome<void> show(const Session& session, std::vector<obj_info>& infos, const LsOptions& options,
                   bool as_json) {
  std::string text = as_json ? "" : listing_header(options.columns);
  for (obj_info& info : infos) {
    if (options.columns.is_long) {
      OBJCTL_TRY(const bool is_here, complete(session, info));
      if (!is_here) continue;
    }
    text +=
        as_json ? listing_json(info, options.columns.is_long) : listing_row(info, options.columns);
    if (text.size() < kWriteBytes) continue;
    OBJCTL_DO(print(text));
    text.clear();
  }
  return print(text);
}

}  // namespace

Outcome<int> run(const LsOptions& options, const GlobalOptions& global) {
  OBJCTL_TRY(const Session session, Session::open(global, Session::Access::kRead));
  OBJCTL_TRY(std::vector<obj_info> infos, collect(session, options));
  sort_listing(infos, options.order);
  if (options.limit && infos.size() > *options.limit) infos.resize(*options.limit);
  OBJCTL_DO(show(session, infos, options, global.json));
  return kExitOk;
}

}  // namespace objctl
