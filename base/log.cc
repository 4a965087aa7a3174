// SPDX-License-Identifier: Apache-2.0
#include "base/log.hh"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstring>
#include <memory>

namespace obj::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarn: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("objd", std::move(sink));
  logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
      "%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc));
  logger->flush_on(spdlog::level::info);
  return logger;
}

std::shared_ptr<spdlog::logger>& logger() {
  static auto the_logger = make_logger(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  return the_logger;
}

bool is_plain(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (c <= ' ' || c == '"' || c == '\\' || c == '=' || c == 0x7f) return false;
  }
  return true;
}

void append_value(std::string& line, std::string_view text) {
  if (is_plain(text)) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < ' ' || byte == 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      line += escaped;
    } else {
      line += c;
    }
  }
  line += '"';
}

std::string error_text(const Error& error) {
  std::string text = to_string(error.code);
  if (error.system_errno != 0) {
    char reason[128];
    text += ", errno " + std::to_string(error.system_errno) + " (" +
            ::strerror_r(error.system_errno, reason, sizeof reason) + ")";
  }
  if (*error.where != '\0') text += std::string(" in ") + error.where;
  return text;
}

}  // namespace

Field::Field(std::string_view name, const Error& error) : key(name), value(error_text(error)) {}

bool open(Level least, const std::string& path) {
  bool opened = true;
  if (!path.empty()) {
    // spdlog reports a file that it cannot open by throwing; that ends here.
    try {
      logger() = make_logger(std::make_shared<spdlog::sinks::basic_file_sink_mt>(path));
    } catch (const spdlog::spdlog_ex&) {
      opened = false;
    }
  }
  logger()->set_level(spdlog_level(least));
  return opened;
}

void set_level(Level least) { logger()->set_level(spdlog_level(least)); }

void write(Level level, std::string_view event, Fields fields) {
  if (!logger()->should_log(spdlog_level(level))) return;
  std::string line = "event=";
  line += event;
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_value(line, field.value);
  }
  logger()->log(spdlog_level(level), line);
}

}  // namespace obj::log
