// SPDX-License-Identifier: Apache-2.0
// tests/spill/s3/url_test.cc -- each part of an S3 URL arrives, and what breaks a rule is refused.
#include "spill/s3/url.hh"

#include <gtest/gtest.h>

namespace obj::s3 {
namespace {

Store parsed(std::string_view url) {
  const auto store = parse_store(url);
  EXPECT_TRUE(store.has_value()) << url << ": " << store.error().where;
  return store.value_or(Store{});
}

TEST(StoreUrl, of_a_bucket_alone_goes_to_aws_over_tls) {
  const Store store = parsed("s3://bucket");
  EXPECT_TRUE(store.tls);
  EXPECT_EQ(host_of(store), "bucket.s3.us-east-1.amazonaws.com");
  EXPECT_EQ(path_of(store, "key"), "/key");
  EXPECT_EQ(path_of(store, ""), "/");
}

TEST(StoreUrl, names_region_and_prefix) {
  const Store store = parsed("s3://bucket/a/b/?region=eu-central-1");
  EXPECT_EQ(host_of(store), "bucket.s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(path_of(store, "key"), "/a/b/key");
}

TEST(StoreUrl, with_an_endpoint_puts_the_bucket_in_the_path) {
  const Store store = parsed("s3://bucket/a?endpoint=http://127.0.0.1:9000&region=r1");
  EXPECT_FALSE(store.tls);
  EXPECT_EQ(store.region, "r1");
  EXPECT_EQ(host_of(store), "127.0.0.1:9000");
  EXPECT_EQ(path_of(store, "key"), "/bucket/a/key");
  EXPECT_EQ(path_of(store, ""), "/bucket");
}

TEST(StoreUrl, lets_addressing_be_chosen) {
  EXPECT_EQ(host_of(parsed("s3://bucket?endpoint=https://h:1/&addressing=virtual")), "bucket.h:1");
  EXPECT_EQ(path_of(parsed("s3://bucket?addressing=path"), "k"), "/bucket/k");
}

TEST(StoreUrl, with_a_dot_in_the_bucket_is_in_the_path_where_certificates_hold) {
  EXPECT_EQ(host_of(parsed("s3://my.bucket")), "s3.us-east-1.amazonaws.com");
}

TEST(StoreUrl, is_refused_when_it_breaks_a_rule) {
  for (const char* url : {"",
                          "s3:",
                          "s3://",
                          "file:///a",
                          "s3://ab",
                          "s3://Bucket",
                          "s3://-bucket",
                          "s3://a..b",
                          "s3://bucket/a b",
                          "s3://bucket/%41",
                          "s3://bucket?region",
                          "s3://bucket?region=",
                          "s3://bucket?region=a/b",
                          "s3://bucket?region=a&region=b",
                          "s3://bucket?secret=x",
                          "s3://bucket?endpoint=h",
                          "s3://bucket?endpoint=ftp://h",
                          "s3://bucket?endpoint=http://",
                          "s3://bucket?endpoint=http://h:0",
                          "s3://bucket?endpoint=http://h:65536",
                          "s3://bucket?endpoint=http://h:9x",
                          "s3://bucket?endpoint=http://u@h",
                          "s3://bucket?endpoint=http://h/path",
                          "s3://bucket?addressing=both",
                          "s3://bucket\n"}) {
    const auto store = parse_store(url);
    ASSERT_FALSE(store.has_value()) << url;
    EXPECT_EQ(store.error().code, ErrorCode::kInvalid) << url;
    EXPECT_STRNE(store.error().where, "") << url;
  }
}

}  // namespace
}  // namespace obj::s3
