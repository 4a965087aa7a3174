// SPDX-License-Identifier: Apache-2.0
// spill/s3/url.cc -- s3://BUCKET/PREFIX?region=R&endpoint=E, and where requests to it go.
#include "spill/s3/url.hh"

#include <algorithm>
#include <charconv>
#include <optional>

namespace obj::s3 {

namespace {

constexpr std::string_view kScheme = "s3://";
constexpr std::size_t kBucketLettersMin = 3;
constexpr std::size_t kBucketLettersMax = 63;
constexpr std::size_t kPrefixLettersMax = 512;  // of the 1024 that S3 allows a key
constexpr std::size_t kHostLettersMax = 253;

std::unexpected<Error> broken(const char* rule) {
  return std::unexpected(Error{ErrorCode::kInvalid, 0, rule});
}

// ASCII alone, whatever the locale says.
bool is_lower_or_digit(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
}

bool is_host_letter(char letter) {
  return is_lower_or_digit(letter) || (letter >= 'A' && letter <= 'Z') || letter == '-' ||
         letter == '.';
}

bool is_prefix_letter(char letter) {
  return is_host_letter(letter) || letter == '_' || letter == '/';
}

bool is_bucket(std::string_view text) {
  return text.size() >= kBucketLettersMin && text.size() <= kBucketLettersMax &&
         is_lower_or_digit(text.front()) && is_lower_or_digit(text.back()) &&
         text.find("..") == std::string_view::npos && std::ranges::all_of(text, [](char c) {
           return is_lower_or_digit(c) || c == '-' || c == '.';
         });
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= kBucketLettersMax &&
         std::ranges::all_of(text, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_authority(std::string_view text) {
  const auto colon = text.find(':');
  const auto host = text.substr(0, colon);
  if (host.empty() || host.size() > kHostLettersMax) return false;
  if (!std::ranges::all_of(host, is_host_letter)) return false;
  if (colon == std::string_view::npos) return true;
  const auto digits = text.substr(colon + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc() && end == digits.data() + digits.size() && port >= 1 && port <= 65535;
}

// Slashes at the ends are gone, so that "a", "a/" and "/a" are one place.
std::string_view trimmed(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

struct Parameters {
  std::optional<std::string_view> region;
  std::optional<std::string_view> endpoint;
  std::optional<std::string_view> addressing;
};

Result<Parameters> parse_parameters(std::string_view text) {
  Parameters found;
  while (!text.empty()) {
    const auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) return broken("s3 URL: a parameter is NAME=VALUE");
    const auto name = pair.substr(0, equals);
    auto* place = name == "region"       ? &found.region
                  : name == "endpoint"   ? &found.endpoint
                  : name == "addressing" ? &found.addressing
                                         : nullptr;
    if (place == nullptr)
      return broken("s3 URL: the parameters are region, endpoint and addressing");
    if (place->has_value()) return broken("s3 URL: a parameter is given twice");
    *place = pair.substr(equals + 1);
  }
  return found;
}

Result<void> apply_endpoint(std::string_view endpoint, Store& store) {
  constexpr std::string_view kHttp = "http://";
  constexpr std::string_view kHttps = "https://";
  store.tls = endpoint.starts_with(kHttps);
  if (!store.tls && !endpoint.starts_with(kHttp))
    return broken("s3 URL: endpoint begins with https:// or http://");
  endpoint.remove_prefix(store.tls ? kHttps.size() : kHttp.size());
  if (endpoint.ends_with('/')) endpoint.remove_suffix(1);
  if (!is_authority(endpoint)) return broken("s3 URL: endpoint is a host, perhaps with :PORT");
  store.authority = endpoint;
  return {};
}

}  // namespace

Result<Store> parse_store(std::string_view url) {
  if (!url.starts_with(kScheme)) return broken("s3 URL: it begins with s3://");
  url.remove_prefix(kScheme.size());
  const auto question = url.find('?');
  const auto location = url.substr(0, question);
  const auto slash = location.find('/');

  Store store;
  store.bucket = location.substr(0, slash);
  if (!is_bucket(store.bucket))
    return broken("s3 URL: a bucket has 3 to 63 lower-case letters, digits, dots and hyphens");
  if (slash != std::string_view::npos) store.prefix = trimmed(location.substr(slash));
  if (store.prefix.size() > kPrefixLettersMax ||
      !std::ranges::all_of(store.prefix, is_prefix_letter))
    return broken("s3 URL: a prefix has at most 512 letters, digits, dots, hyphens, _ and /");

  const auto text = question == std::string_view::npos ? "" : url.substr(question + 1);
  OBJ_TRY(const Parameters parameters, parse_parameters(text));
  store.region = parameters.region.value_or(store.region);
  if (!is_region(store.region)) return broken("s3 URL: a region is like us-east-1");
  store.authority = "s3." + store.region + ".amazonaws.com";
  store.path_style = parameters.endpoint.has_value() || store.bucket.contains('.');
  if (parameters.endpoint) {
    const auto applied = apply_endpoint(*parameters.endpoint, store);
    if (!applied.has_value()) return std::unexpected(applied.error());
  }
  if (parameters.addressing) {
    store.path_style = *parameters.addressing == "path";
    if (!store.path_style && *parameters.addressing != "virtual")
      return broken("s3 URL: addressing is path or virtual");
  }
  return store;
}

std::string host_of(const Store& store) {
  return store.path_style ? store.authority : store.bucket + '.' + store.authority;
}

std::string path_of(const Store& store, std::string_view key) {
  std::string path = store.path_style ? '/' + store.bucket : "";
  if (key.empty()) return path.empty() ? "/" : path;
  if (!store.prefix.empty()) path += '/' + store.prefix;
  return path + '/' + std::string(key);
}

}  // namespace obj::s3
