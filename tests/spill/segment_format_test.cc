// SPDX-License-Identifier: Apache-2.0
// The bytes of docs/spill_format.md: shapes of records, what is sound, names and URLs.
#include "spill/segment_format.hh"

#include <gtest/gtest.h>

#include "spill/checksum.hh"
#include "spill/record_check.hh"
#include "spill/segment_name.hh"

namespace obj {
namespace {

TEST(RecordShape, holds_the_payload_and_keeps_the_body_on_blocks) {
  for (uint64_t bytes = 0; bytes < 300000; bytes += bytes < 5000 ? 1 : 37) {
    const RecordShape shape = raw_shape(bytes);
    ASSERT_EQ(shape.tail_bytes + shape.body_bytes, bytes);
    ASSERT_GE(shape.head_bytes, sizeof(RecordHeader) + shape.tail_bytes);
    ASSERT_EQ(shape.size_bytes() % kRecordAlign, 0U);
    if (shape.layout == RecordLayout::kInPlace) {
      ASSERT_EQ(shape.head_bytes % kSpillBlock, 0U);
      ASSERT_EQ(shape.body_bytes % kSpillBlock, 0U);
      ASSERT_LT(shape.tail_bytes, kSpillBlock);
    } else {
      ASSERT_EQ(shape.body_bytes, 0U);
    }
    const RecordShape again = shape_of(bytes, shape.size_bytes());
    ASSERT_EQ(again.layout, shape.layout);
    ASSERT_EQ(again.tail_bytes, shape.tail_bytes);
  }
}

TEST(RecordShape, of_a_smaller_record_is_packed) {
  EXPECT_EQ(shape_of(100000, 50016).layout, RecordLayout::kPacked);
  EXPECT_EQ(shape_of(100000, 50016).head_bytes, 50016U);
}

TEST(Soundness, of_an_entry_is_of_its_slot_and_segment) {
  IndexEntry entry{};
  entry.layout = RecordLayout::kPacked;
  entry.sequence = 7;
  entry.size_units = 4;
  seal(entry, 5, 9);
  EXPECT_TRUE(is_sound(entry, 5, 9));
  EXPECT_FALSE(is_sound(entry, 5, 10));
  EXPECT_FALSE(is_sound(entry, 6, 9));
  for (size_t byte = 0; byte < sizeof entry; byte++) {
    IndexEntry flipped = entry;
    reinterpret_cast<uint8_t*>(&flipped)[byte] ^= 0x10;
    EXPECT_FALSE(is_sound(flipped, 5, 9)) << byte;
  }
}

TEST(Soundness, of_a_record_is_of_its_place) {
  RecordHeader header{};
  std::ranges::copy(RecordHeader::kMagic, header.magic);
  header.version = RecordHeader::kVersion;
  header.layout = RecordLayout::kPacked;
  header.segment = 3;
  header.offset = 4096;
  header.data_bytes = header.payload_bytes = header.stored_bytes = 10;
  seal(header);
  EXPECT_TRUE(is_sound(header, 3, 4096));
  EXPECT_FALSE(is_sound(header, 3, 8192));
  EXPECT_FALSE(is_sound(header, 4, 4096));

  const ExpectedRecord wanted{3, 4096, packed_bytes(10), header.what(), 10};
  const auto bytes = std::as_bytes(std::span(&header, 1));
  EXPECT_TRUE(check_header(bytes, wanted).has_value());
  ExpectedRecord other = wanted;
  other.copy.origin++;
  EXPECT_EQ(check_header(bytes, other).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(check_header(bytes.first(95), wanted).error().code, ErrorCode::kInvalid);
}

// As a program in another language would compute it.
TEST(Checksum, is_what_the_page_says) {
  std::vector<std::byte> payload(2 * kPieceBytes + 5000);
  for (size_t i = 0; i < payload.size(); i++) payload[i] = static_cast<std::byte>(i * 31 >> 3);
  const std::span<const std::byte> body(payload.data(), payload.size() / 4096 * 4096);
  PieceSums sums(4);
  sums.set(3, spill_checksum(std::span(payload).subspan(body.size())));
  for (size_t i = 0; i < 3; i++) {
    sums.set(i,
             spill_checksum(body.subspan(
                 i * kPieceBytes, std::min<size_t>(kPieceBytes, body.size() - i * kPieceBytes))));
  }
  EXPECT_NE(sums.total(), 0U);
  // Of the empty input: fixed by XXH3 itself.
  EXPECT_EQ(spill_checksum({}), 0x2d06800538d394c2U);
}

TEST(SegmentName, is_read_as_it_is_written) {
  const SegmentNumber segment = uint64_t{0x2a} << 32 | 0xbeef;
  EXPECT_EQ(segment_name(segment), "0000002a-0000beef.seg");
  EXPECT_EQ(segment_number("0000002a-0000beef.seg"), segment);
  for (const char* const wrong :
       {"", "0000002A-0000beef.seg", "0000002a-0000beef.se", "0000002a_0000beef.seg",
        "0000002a-0000beeg.seg", "+000002a-0000beef.seg", "0000002a-0000beef.seg "}) {
    EXPECT_FALSE(segment_number(wrong).has_value()) << wrong;
  }
}

TEST(FileUrl, is_read_as_it_is_written) {
  const FileUrl parts{"/a b/c%?d", 0x2a, 4096, 1024};
  EXPECT_EQ(to_url(parts), "file:///a%20b/c%25%3Fd/00000000-0000002a.seg?offset=4096&size=1024");
  EXPECT_EQ(parse_file_url(to_url(parts)), parts);
  for (const char* const wrong :
       {"", "file://", "file:///", "s3://b/k?offset=0&size=1", "file:///d/x.seg?offset=1&size=1",
        "file:///d/00000000-0000002a.seg", "file:///d/00000000-0000002a.seg?offset=1",
        "file:///d/00000000-0000002a.seg?offset=-1&size=1",
        "file:///d/00000000-0000002a.seg?offset=1&size=1&x=2",
        "file:///d/00000000-0000002a.seg?offset=99999999999999999999&size=1",
        "file:///d%2/00000000-0000002a.seg?offset=1&size=1",
        "file://host/d/00000000-0000002a.seg?offset=1&size=1"}) {
    EXPECT_FALSE(parse_file_url(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace obj
