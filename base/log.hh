// SPDX-License-Identifier: Apache-2.0
// base/log.hh -- one line an event, key=value.
//
//   log::info("session_open", {{"session", 7}, {"pid", 4711}, {"name", "train.py"}});
//   -> 2026-11-22T16:00:00.123Z info event=session_open session=7 pid=4711 name=train.py
//
// Log state changes once, not each time that they are noticed.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/error.hh"

namespace obj::log {

enum class Level : unsigned char { kDebug, kInfo, kWarn, kError };

// One key=value. Values with spaces, quotes or control characters are quoted and escaped, so that a
// client's name cannot forge a line.
struct Field {
  Field(std::string_view name, std::string_view text) : key(name), value(text) {}
  Field(std::string_view name, const char* text) : key(name), value(text) {}
  Field(std::string_view name, const std::string& text) : key(name), value(text) {}
  Field(std::string_view name, bool flag) : key(name), value(flag ? "true" : "false") {}
  Field(std::string_view name, std::integral auto number)
      : key(name), value(std::to_string(number)) {}
  Field(std::string_view name, double number) : key(name), value(std::to_string(number)) {}
  // "out of memory, errno 12 (Cannot allocate memory) in mmap".
  Field(std::string_view name, const Error& error);

  std::string_view key;
  std::string value;
};

using Fields = std::initializer_list<Field>;

// Where lines go: a file (appended), or standard error if `path` is empty. Call once, before
// threads. False if the file cannot be opened; lines then go to standard error.
bool open(Level least, const std::string& path);

// From now on. May be called at any time.
void set_level(Level least);

void write(Level level, std::string_view event, Fields fields);

inline void debug(std::string_view event, Fields fields = {}) {
  write(Level::kDebug, event, fields);
}
inline void info(std::string_view event, Fields fields = {}) { write(Level::kInfo, event, fields); }
inline void warn(std::string_view event, Fields fields = {}) { write(Level::kWarn, event, fields); }
inline void error(std::string_view event, Fields fields = {}) {
  write(Level::kError, event, fields);
}

}  // namespace obj::log
