// SPDX-License-Identifier: Apache-2.0
// tools/objctl/bar.hh -- shares of a whole as a bar of characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace objctl {

struct BarPart {
  uint64_t amount;
  char mark;
};

// "[####PPuu......]": `cells` characters between the brackets, each part as long as its share of
// `whole`, the rest '.'. A part that is not zero shows at least one mark while there is room, so
// that a small leak is not invisible. Parts beyond the whole are cut.
std::string bar(std::span<const BarPart> parts, uint64_t whole, size_t cells);

}  // namespace objctl
