// SPDX-License-Identifier: Apache-2.0
// spill/s3/url.hh -- s3://BUCKET/PREFIX?region=R&endpoint=E, and where requests to it go.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hh"

namespace obj::s3 {

// A bucket, and the part of it that is ours.
struct Store {
  std::string bucket;
  std::string prefix;  // without slashes at its ends; may be empty
  std::string region = "us-east-1";
  bool tls = true;
  std::string authority;    // host or host:port, as in the header `host`; bucket not in it
  bool path_style = false;  // https://HOST/BUCKET/KEY, else https://BUCKET.HOST/KEY
};

// Parameters, each at most once: `region`; `endpoint`, http:// or https:// with a host and perhaps
// a port (default: AWS's own for the region, over TLS); `addressing`, `path` or `virtual` (default:
// virtual for AWS, path for an endpoint, and for a bucket with a dot, which no certificate of AWS
// covers). No escapes: buckets, prefixes and hosts are of letters that need none.
// kInvalid, with the rule that is broken in Error::where.
Result<Store> parse_store(std::string_view url);

// The header `host`.
std::string host_of(const Store& store);
// The path of a request, not encoded. key: of an object, without the prefix; empty: the bucket.
std::string path_of(const Store& store, std::string_view key);

}  // namespace obj::s3
