// SPDX-License-Identifier: Apache-2.0
// tools/objctl/columns.hh -- text in aligned columns.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace objctl {

class Columns {
 public:
  enum class Side { kLeft, kRight };
  struct Column {
    std::string title;
    Side side;
  };

  // `indent`: spaces before each line.
  explicit Columns(std::vector<Column> columns, size_t indent = 0);

  // REQUIRES: as many cells as columns; printable text.
  void add(std::vector<std::string> cells);

  bool empty() const { return rows_.empty(); }
  // The titles, unless all are empty, and one line a row. No line ends in spaces.
  std::string text() const;

 private:
  std::vector<size_t> widths() const;
  std::string line(const std::vector<std::string>& cells, const std::vector<size_t>& widths) const;

  std::vector<Side> sides_;
  std::vector<std::string> titles_;
  size_t indent_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace objctl
