// SPDX-License-Identifier: Apache-2.0
#include "tools/objctl/storage_page.hh"

#include <fmt/format.h>

#include "tools/objctl/columns.hh"
#include "tools/objctl/size_text.hh"
#include "tools/objctl/status_tables.hh"

namespace objctl {
namespace {

using Side = Columns::Side;

std::string summary(const Json& storage) {
  std::string text = fmt::format(
      "STORAGE   {} objects, {}; {} of them in storage only\n"
      "          {} being written ({}), {} being read back\n",
      count_cell(field(storage, "objects")), size_cell(field(storage, "bytes")),
      count_cell(field(storage, "only_in_storage")), count_cell(field(storage, "spilling")),
      size_cell(field(storage, "spilling_bytes")), count_cell(field(storage, "restoring")));
  const Json& trouble = field(storage, "trouble");
  if (trouble.is_string() && !trouble.get_ref<const std::string&>().empty()) {
    text += "          TROUBLE: " + as_text(trouble) + "\n";
  }
  return text;
}

uint64_t errors_of(const Json& directory) {
  uint64_t errors = 0;
  for (const char* const kind : {"write_errors", "read_errors", "damaged_records"}) {
    errors += as_count(field(directory, kind)).value_or(0);
  }
  return errors;
}

}  // namespace

std::string storage_lines(const Json& status) {
  const Json& storage = field(status, "storage");
  return storage.is_object() ? summary(storage) : "";
}

std::string storage_page(const Json& storage) {
  std::string page = summary(storage);
  page += fmt::format(
      "          since the start: {} objects written ({}), {} read back ({}), {} damaged\n",
      count_cell(field(storage, "spilled_objects")), size_cell(field(storage, "spilled_bytes")),
      count_cell(field(storage, "restored_objects")), size_cell(field(storage, "restored_bytes")),
      count_cell(field(storage, "damaged_records")));
  Columns columns({{"DIRECTORY", Side::kLeft},
                   {"LIVE", Side::kRight},
                   {"DEAD", Side::kRight},
                   {"QUEUED", Side::kRight},
                   {"ROOM", Side::kRight},
                   {"WRITTEN", Side::kRight},
                   {"READ", Side::kRight},
                   {"ERRORS", Side::kRight},
                   {"STATE", Side::kLeft}});
  const Json& directories = field(storage, "directories");
  if (!directories.is_array()) return page;
  for (const Json& directory : directories) {
    const bool works = as_flag(field(directory, "working")).value_or(true);
    columns.add(
        {as_text(field(directory, "path")), size_cell(field(directory, "live_bytes")),
         size_cell(field(directory, "dead_bytes")), size_cell(field(directory, "queued_bytes")),
         size_cell(field(directory, "room_bytes")), size_cell(field(directory, "bytes_written")),
         size_cell(field(directory, "bytes_restored")), grouped(errors_of(directory)),
         works ? "works" : as_text(field(directory, "failure"))});
  }
  return columns.empty() ? page : page + "\n" + columns.text();
}

}  // namespace objctl
