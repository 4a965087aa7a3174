// SPDX-License-Identifier: Apache-2.0
// spill/s3/signature.hh -- AWS Signature Version 4, as a pure function of request, keys and time.
//
// See "Create a signed AWS API request" in the IAM user guide and "Authenticating Requests
// (Authorization Header)" in the S3 API reference.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace obj::s3 {

// Never printed, never logged.
struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty: long-lived keys
};

// What the signature is valid for.
struct Scope {
  std::string region;
  std::string service = "s3";
};

// A request, before any encoding. Names of headers are in lower case; values have no blanks at
// their ends. `host` must be among them, and each header that is given is signed.
struct Request {
  std::string method;
  std::string path = "/";  // begins with a slash
  std::map<std::string, std::string> query;
  std::map<std::string, std::string> headers;
  std::string payload_sha256;  // 64 hexadecimal digits, or kUnsignedPayload
};

// In place of the payload's hash. Only over TLS, which then guards the payload alone.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// 64 hexadecimal digits in lower case.
std::string sha256_hex(std::span<const std::byte> bytes);
std::string sha256_hex(std::string_view text);

// Everything but A-Z a-z 0-9 - . _ ~ becomes %XX; a slash stays one if `keep_slash`.
std::string uri_encode(std::string_view text, bool keep_slash);
// "a=1&b=", encoded and sorted as it is signed. Also what goes behind the ? on the wire.
std::string canonical_query(const std::map<std::string, std::string>& query);

// 20130524T000000Z. unix_seconds: of UTC, years 1970 to 9999.
std::string amz_date(int64_t unix_seconds);

// The two texts that are hashed on the way, for tests and for reading next to the server's answer.
std::string canonical_request(const Request& request);
std::string string_to_sign(const Request& request, const Scope& scope, std::string_view date);

// The value of the header `authorization`.
// REQUIRES: `date` is amz_date() of the time that the request carries in x-amz-date.
std::string authorization(const Request& request, const Scope& scope,
                          const Credentials& credentials, std::string_view date);

}  // namespace obj::s3
