// SPDX-License-Identifier: Apache-2.0
#include "store/system_files.hh"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "base/unique_fd.hh"

namespace obj {
namespace {

std::optional<uint64_t> leading_number(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return std::nullopt;
  uint64_t number = 0;
  const auto parsed = std::from_chars(text.data() + first, text.data() + text.size(), number);
  if (parsed.ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<std::string> SystemFiles::read(const std::string& path) const {
  const UniqueFd file(::open((root_ + path).c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return std::nullopt;
  std::string text;
  char block[4096];
  ssize_t got;
  while ((got = ::read(file.get(), block, sizeof block)) > 0) {
    text.append(block, static_cast<size_t>(got));
  }
  if (got < 0) return std::nullopt;
  return text;
}

std::optional<uint64_t> SystemFiles::read_number(const std::string& path) const {
  const auto text = read(path);
  return text ? leading_number(*text) : std::nullopt;
}

bool SystemFiles::write_number(const std::string& path, uint64_t number) const {
  const UniqueFd file(::open((root_ + path).c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
  if (file.get() < 0) return false;
  const std::string text = std::to_string(number) + "\n";
  return ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::optional<uint64_t> number_after(std::string_view text, std::string_view key) {
  for (size_t at = text.find(key); at != text.npos; at = text.find(key, at + 1)) {
    const bool starts_line = at == 0 || text[at - 1] == '\n';
    const size_t rest = at + key.size();
    const bool ends_word = rest < text.size() && (text[rest] == ':' || text[rest] == ' ');
    if (starts_line && ends_word) return leading_number(text.substr(rest + 1));
  }
  return std::nullopt;
}

}  // namespace obj
