// SPDX-License-Identifier: Apache-2.0
// spill/s3/signature.cc -- AWS Signature Version 4, as a pure function of request, keys and time.
#include "spill/s3/signature.hh"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <chrono>

#include "base/check.hh"

namespace obj::s3 {

namespace {

constexpr std::size_t kDigestBytes = 32;
constexpr std::size_t kDayLetters = 8;    // 20130524
constexpr std::size_t kDateLetters = 16;  // 20130524T000000Z
constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

using Digest = std::array<unsigned char, kDigestBytes>;

std::string hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned byte : digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string_view as_text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest hmac(std::string_view key, std::string_view text) {
  Digest digest{};
  unsigned size_bytes = 0;
  const auto* done = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                          digest.data(), &size_bytes);
  OBJ_CHECK(done != nullptr && size_bytes == kDigestBytes);
  return digest;
}

std::string signed_headers(const Request& request) {
  std::string names;
  for (const auto& [name, value] : request.headers) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

std::string credential_scope(const Scope& scope, std::string_view date) {
  return std::string(date.substr(0, kDayLetters)) + '/' + scope.region + '/' + scope.service +
         "/aws4_request";
}

// The secret key never signs a request itself: each step narrows what the key is good for.
Digest signing_key(const Scope& scope, const Credentials& credentials, std::string_view date) {
  const Digest day = hmac("AWS4" + credentials.secret_key, date.substr(0, kDayLetters));
  const Digest region = hmac(as_text(day), scope.region);
  const Digest service = hmac(as_text(region), scope.service);
  return hmac(as_text(service), "aws4_request");
}

// `value` in decimal digits, with zeros in front.
std::string digits(int64_t value, std::size_t count) {
  std::string text = std::to_string(value);
  OBJ_CHECK(value >= 0 && text.size() <= count);
  return std::string(count - text.size(), '0') + text;
}

}  // namespace

std::string sha256_hex(std::span<const std::byte> bytes) {
  Digest digest{};
  unsigned size_bytes = 0;
  OBJ_CHECK(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size_bytes, EVP_sha256(),
                       nullptr) == 1);
  OBJ_CHECK(size_bytes == kDigestBytes);
  return hex(digest);
}

std::string sha256_hex(std::string_view text) { return sha256_hex(std::as_bytes(std::span(text))); }

std::string uri_encode(std::string_view text, bool keep_slash) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char letter : text) {
    const bool plain = (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z') ||
                       (letter >= '0' && letter <= '9') || letter == '-' || letter == '.' ||
                       letter == '_' || letter == '~' || (letter == '/' && keep_slash);
    if (plain) {
      encoded += letter;
      continue;
    }
    const unsigned byte = static_cast<unsigned char>(letter);
    encoded += '%';
    encoded += kDigits[byte >> 4];
    encoded += kDigits[byte & 15];
  }
  return encoded;
}

std::string canonical_query(const std::map<std::string, std::string>& query) {
  // Sorted after encoding, which may change the order.
  std::map<std::string, std::string> encoded;
  for (const auto& [name, value] : query)
    encoded.emplace(uri_encode(name, false), uri_encode(value, false));
  std::string text;
  for (const auto& [name, value] : encoded) {
    if (!text.empty()) text += '&';
    text += name + '=' + value;
  }
  return text;
}

std::string amz_date(int64_t unix_seconds) {
  using namespace std::chrono;
  const sys_seconds time{seconds(unix_seconds)};
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return digits(static_cast<int>(date.year()), 4) + digits(static_cast<unsigned>(date.month()), 2) +
         digits(static_cast<unsigned>(date.day()), 2) + 'T' + digits(clock.hours().count(), 2) +
         digits(clock.minutes().count(), 2) + digits(clock.seconds().count(), 2) + 'Z';
}

std::string canonical_request(const Request& request) {
  std::string text = request.method + '\n' + uri_encode(request.path, true) + '\n' +
                     canonical_query(request.query) + '\n';
  for (const auto& [name, value] : request.headers) text += name + ':' + value + '\n';
  return text + '\n' + signed_headers(request) + '\n' + request.payload_sha256;
}

std::string string_to_sign(const Request& request, const Scope& scope, std::string_view date) {
  return std::string(kAlgorithm) + '\n' + std::string(date) + '\n' + credential_scope(scope, date) +
         '\n' + sha256_hex(canonical_request(request));
}

std::string authorization(const Request& request, const Scope& scope,
                          const Credentials& credentials, std::string_view date) {
  OBJ_CHECK(date.size() == kDateLetters);
  OBJ_CHECK(request.headers.contains("host"));
  const Digest key = signing_key(scope, credentials, date);
  const Digest signature = hmac(as_text(key), string_to_sign(request, scope, date));
  return std::string(kAlgorithm) + " Credential=" + credentials.access_key + '/' +
         credential_scope(scope, date) + ",SignedHeaders=" + signed_headers(request) +
         ",Signature=" + hex(signature);
}

}  // namespace obj::s3
