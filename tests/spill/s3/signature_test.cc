// SPDX-License-Identifier: Apache-2.0
// tests/spill/s3/signature_test.cc -- signatures are those that AWS publishes for the same
// requests.
//
// The vectors are the examples of "Authenticating Requests (Authorization Header)" in the S3 API
// reference, and get-vanilla of AWS's Signature Version 4 test suite. Keys are AWS's examples.
#include "spill/s3/signature.hh"

#include <gtest/gtest.h>

namespace obj::s3 {
namespace {

constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr int64_t kMay24 = 1369353600;  // 2013-05-24 00:00:00 UTC

const Credentials kExampleKeys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                               ""};
const Scope kS3{"us-east-1", "s3"};

Request example_request(std::string method, std::string path) {
  Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  request.payload_sha256 = kEmptySha256;
  request.headers = {{"host", "examplebucket.s3.amazonaws.com"},
                     {"x-amz-content-sha256", std::string(kEmptySha256)},
                     {"x-amz-date", amz_date(kMay24)}};
  return request;
}

std::string signature_of(const Request& request) {
  const std::string value = authorization(request, kS3, kExampleKeys, amz_date(kMay24));
  return value.substr(value.find("Signature=") + 10);
}

TEST(Signature, is_that_of_the_published_ranged_get) {
  Request request = example_request("GET", "/test.txt");
  request.headers["range"] = "bytes=0-9";
  EXPECT_EQ(canonical_request(request),
            "GET\n/test.txt\n\nhost:examplebucket.s3.amazonaws.com\nrange:bytes=0-9\n"
            "x-amz-content-sha256:" +
                std::string(kEmptySha256) +
                "\nx-amz-date:20130524T000000Z\n\n"
                "host;range;x-amz-content-sha256;x-amz-date\n" +
                std::string(kEmptySha256));
  EXPECT_EQ(string_to_sign(request, kS3, "20130524T000000Z"),
            "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
            "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
  EXPECT_EQ(authorization(request, kS3, kExampleKeys, "20130524T000000Z"),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(Signature, is_that_of_the_published_put_with_a_path_to_encode) {
  Request request = example_request("PUT", "/test$file.text");
  request.payload_sha256 = sha256_hex("Welcome to Amazon S3.");
  request.headers["x-amz-content-sha256"] = request.payload_sha256;
  request.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
  request.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
  EXPECT_EQ(signature_of(request),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(Signature, is_that_of_the_published_query_without_value) {
  Request request = example_request("GET", "/");
  request.query = {{"lifecycle", ""}};
  EXPECT_EQ(signature_of(request),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(Signature, is_that_of_the_published_list) {
  Request request = example_request("GET", "/");
  request.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(signature_of(request),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(Signature, is_that_of_get_vanilla_in_the_test_suite) {
  Request request;
  request.method = "GET";
  request.payload_sha256 = kEmptySha256;
  request.headers = {{"host", "example.amazonaws.com"}, {"x-amz-date", "20150830T123600Z"}};
  const Credentials keys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
  const std::string value =
      authorization(request, Scope{"us-east-1", "service"}, keys, "20150830T123600Z");
  EXPECT_TRUE(
      value.ends_with("Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"))
      << value;
}

TEST(Signature, changes_with_whatever_it_signs) {
  const Request request = example_request("GET", "/a");
  const std::string before = signature_of(request);
  EXPECT_NE(signature_of(example_request("PUT", "/a")), before);
  EXPECT_NE(signature_of(example_request("GET", "/b")), before);
  Request other = request;
  other.payload_sha256 = kUnsignedPayload;
  EXPECT_NE(signature_of(other), before);
  other = request;
  other.headers["x-amz-security-token"] = "token";
  EXPECT_NE(signature_of(other), before);
}

TEST(UriEncode, leaves_only_the_unreserved) {
  EXPECT_EQ(uri_encode("AZaz09-._~", false), "AZaz09-._~");
  EXPECT_EQ(uri_encode("a b+c/\xc3\xa4%", false), "a%20b%2Bc%2F%C3%A4%25");
  EXPECT_EQ(uri_encode("/a/b c", true), "/a/b%20c");
}

TEST(CanonicalQuery, sorts_what_is_encoded) {
  EXPECT_EQ(canonical_query({}), "");
  EXPECT_EQ(canonical_query({{"z", "1"}, {"|", "2"}}), "%7C=2&z=1");
}

TEST(AmzDate, is_utc_with_leading_zeros) {
  EXPECT_EQ(amz_date(0), "19700101T000000Z");
  EXPECT_EQ(amz_date(1440938160), "20150830T123600Z");
  EXPECT_EQ(amz_date(1709164800), "20240229T000000Z");
}

}  // namespace
}  // namespace obj::s3
