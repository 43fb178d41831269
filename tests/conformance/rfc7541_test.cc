#include <gtest/gtest.h>

#include "tests/conformance/server_row.h"

// RFC 7541: header blocks of every form, and those that do not decode.

namespace weft::conformance {
namespace {

constexpr auto kCompression = ErrorCode::CompressionError;
constexpr auto kProtocol = ErrorCode::ProtocolError;

const std::string kRequest = block(kUnary);
const std::string kBody = data(1, message("hi"), EndStream::Yes);

/// A unary call whose block has these bytes in front of, or behind, a good request.
Script before(const std::string& bytes) { return {headers_frame(1, bytes + kRequest) + kBody}; }
Script behind(const std::string& bytes) { return {headers_frame(1, kRequest + bytes) + kBody}; }
/// Several blocks, each a call on a stream of its own: 1, 3, 5 ...
Script calls(const std::vector<std::string>& blocks) {
  std::string all;
  std::uint32_t id = 1;
  for (const std::string& bytes : blocks) {
    all += headers_frame(id, bytes) + data(id, message("hi"), EndStream::Yes);
    id += 2;
  }
  return {all};
}

std::string literal(int form, std::string_view name, std::string_view value) {
  std::string out = octets({form, static_cast<int>(name.size())});
  out.append(name);
  out += static_cast<char>(value.size());
  return out.append(value);
}
const std::string kIndexed = literal(0x40, "x-indexed", "value");  // enters the table
const std::string kNewest = octets({0x80 | 62});                   // refers to it

/// A name "x" and a value of these Huffman-coded octets.
std::string huffman_value(std::initializer_list<int> coded) {
  std::string out = octets({0x00, 1, 'x', 0x80 | static_cast<int>(coded.size())});
  return out.append(octets(coded));
}

const int kTables = add_tests(
    "Rfc7541/Section",
    {
        {"2_3_1",
         "StaticEntriesAreKnown",
         "the static table of Appendix A",
         {headers_frame(1, octets({0x82, 0x86, 0x84, 0x81}), flag::kEndHeaders | flag::kEndStream)},
         http(1, "405")},
        {"2_3_1", "EveryStaticEntryDecodes", "as above",
         [] {
           std::string all;
           for (int index = 1; index <= 61; ++index) all += octets({0x80 | index});
           return Script{headers_frame(1, all)};
         }(),
         stream_error(1, kProtocol)},
        {"2_3_2", "DynamicEntryIsKnownToLaterBlocks",
         "the dynamic table is a list of entries in first-in, first-out order",
         calls({kRequest + kIndexed, kRequest + kNewest, kRequest + kNewest}), served(5)},
        {"2_3_2", "DynamicEntryIsKnownWithinItsBlock", "as above",
         behind(kIndexed + kNewest + kNewest), served()},
        {"2_3_2", "DuplicateEntriesAreAccepted",
         "The dynamic table can contain duplicate entries; these MUST NOT be treated as an error",
         behind(kIndexed + kIndexed + octets({0x80 | 62, 0x80 | 63})), served()},
        {"2_3_3", "IndexBehindTheDynamicTableIsCompressionError",
         "Indices strictly greater than the sum of the lengths of both tables MUST be treated as a "
         "decoding error",
         behind(kIndexed + octets({0x80 | 63})), connection_error(kCompression)},
        {"2_3_3", "FirstDynamicIndexOfAnEmptyTableIsCompressionError", "as above",
         behind(octets({0x80 | 62})), connection_error(kCompression)},
        {"2_3_3", "IndexFarBehindTheTablesIsCompressionError", "as above",
         behind(octets({0xff, 0x80, 0x80, 0x01})), connection_error(kCompression)},
        {"2_3_3", "NameIndexBehindTheTablesIsCompressionError", "as above",
         behind(octets({0x7e, 1, 'y'})), connection_error(kCompression)},
        {"2_3_3", "NameIndexOfALiteralWithoutIndexingBehindTheTablesIsCompressionError", "as above",
         behind(octets({0x0f, 0x7f, 1, 'y'})), connection_error(kCompression)},
        {"2_3_3", "NameIndexOfANeverIndexedLiteralBehindTheTablesIsCompressionError", "as above",
         behind(octets({0x1f, 0x7f, 1, 'y'})), connection_error(kCompression)},

        {"4_2", "SizeUpdateToZeroIsAccepted",
         "the encoder can choose to use less capacity than the maximum", before(octets({0x20})),
         served()},
        {"4_2", "SizeUpdateToTheMaximumIsAccepted", "as above", before(octets({0x3f, 0xe1, 0x1f})),
         served()},
        {"4_2", "SizeUpdateTwiceAtTheStartIsAccepted", "at most two dynamic table size updates",
         before(octets({0x20, 0x3f, 0xe1, 0x1f})), served()},
        {"4_2", "SizeUpdateAtTheEndIsCompressionError",
         "A change in the maximum size MUST be signaled at the beginning of the first header block "
         "following the change",
         behind(octets({0x20})), connection_error(kCompression)},
        {"4_2",
         "SizeUpdateBehindAFieldIsCompressionError",
         "as above",
         {headers_frame(1, octets({0x83, 0x20}) + kRequest)},
         connection_error(kCompression)},
        {"4_2",
         "SizeUpdateInTrailersIsAccepted",
         "a block of its own",
         {headers(1, kUnary) + data(1, message("hi")) +
          headers_frame(1, octets({0x20}), flag::kEndHeaders | flag::kEndStream)},
         served()},
        {"4_3", "SizeUpdateEvictsEntries",
         "entries are evicted from the end of the dynamic table until its size is less than or "
         "equal to the maximum size",
         calls({kRequest + kIndexed, octets({0x20, 0x3f, 0xe1, 0x1f}) + kRequest + kNewest}),
         connection_error(kCompression)},
        {"4_3", "SizeUpdateKeepsWhatFits", "as above",
         calls({kRequest + kIndexed, octets({0x3f, 0x45}) + kRequest + kNewest}), served(3)},
        {"4_4", "EntryLargerThanTheTableEmptiesIt",
         "an attempt to add an entry larger than the maximum size causes the table to be emptied "
         "and is not an error",
         calls(
             {kRequest + kIndexed,
              octets({0x3f, 0x15}) + kRequest + literal(0x40, "x-larger", "than the table's size"),
              kRequest}),
         served(5)},
        {"4_4", "EntryOfAnEmptiedTableIsCompressionError", "as above",
         calls(
             {kRequest + kIndexed,
              octets({0x3f, 0x15}) + kRequest + literal(0x40, "x-larger", "than the table's size"),
              kRequest + kNewest}),
         connection_error(kCompression)},
        {"4_4", "ZeroSizedTableTakesNoEntry", "as above",
         calls({octets({0x20}) + kRequest + kIndexed, kRequest + kNewest}),
         connection_error(kCompression)},
    });

const int kRepresentations = add_tests(
    "Rfc7541/Section",
    {
        {"5_1", "IntegerWithoutEndIsCompressionError",
         "Integer encodings that exceed implementation limits in value or octet length MUST be "
         "treated as decoding errors",
         behind(octets({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})),
         connection_error(kCompression)},
        {"5_1", "IntegerAbove2To32IsCompressionError", "as above",
         behind(octets({0xff, 0xff, 0xff, 0xff, 0xff, 0x7f})), connection_error(kCompression)},
        {"5_1", "IntegerThatWrapsToASmallOneIsCompressionError", "as above",
         behind(octets({0xff, 0x83, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})),
         connection_error(kCompression)},
        {"5_1", "IntegerThatBreaksOffIsCompressionError", "the block ends within it",
         behind(octets({0xff, 0x80})), connection_error(kCompression)},
        {"5_1", "IntegerOfSeveralOctetsIsAccepted", "prefix of ones, then the rest",
         behind(octets({0x00, 1, 'x', 0x7f, 0x01}) + std::string(128, 'v')), served()},
        {"5_1", "IntegerWithAPaddedEndIsAccepted", "a value of zero in a further octet",
         behind(octets({0x00, 1, 'x', 0x7f, 0x81, 0x00}) + std::string(128, 'v')), served()},

        {"5_2", "StringBeyondTheBlockIsCompressionError", "the length says more than the block has",
         behind(octets({0x00, 1, 'x', 100, 'y'})), connection_error(kCompression)},
        {"5_2", "NameBeyondTheBlockIsCompressionError", "as above",
         behind(octets({0x00, 100, 'x'})), connection_error(kCompression)},
        {"5_2", "LiteralWithoutValueIsCompressionError", "as above", behind(octets({0x00, 1, 'x'})),
         connection_error(kCompression)},
        {"5_2", "LiteralWithoutAnythingIsCompressionError", "as above", behind(octets({0x00})),
         connection_error(kCompression)},
        {"5_2", "StringOf4GigabytesIsCompressionError", "as above",
         behind(octets({0x00, 1, 'x', 0x7f, 0xff, 0xff, 0xff, 0xff, 0x0f})),
         connection_error(kCompression)},
        {"5_2", "HuffmanCodedStringsAreAccepted", "RFC 7541 C.4.1: www.example.com",
         behind(huffman_value(
             {0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff})),
         served()},
        {"5_2", "HuffmanCodedNameIsAccepted", "RFC 7541 C.4.3: custom-key",
         behind(octets({0x00, 0x88, 0x25, 0xa8, 0x49, 0xe9, 0x5b, 0xa9, 0x7d, 0x7f, 1, 'v'})),
         served()},
        {"5_2", "EmptyHuffmanStringIsAccepted", "no octets, no padding",
         behind(octets({0x00, 1, 'x', 0x80})), served()},
        {"5_2", "HuffmanPaddingOfSevenBitsIsAccepted", "up to seven bits of the EOS symbol",
         // '0' '0' '0' '0' '0' are five bits each, 25 bits: seven bits of padding to 32.
         behind(huffman_value({0x00, 0x00, 0x00, 0x7f})), served()},
        {"5_2", "HuffmanPaddingOfEightBitsIsCompressionError",
         "A padding strictly longer than 7 bits MUST be treated as a decoding error",
         behind(huffman_value({0x07, 0xff})), connection_error(kCompression)},
        {"5_2", "HuffmanPaddingOfZerosIsCompressionError",
         "A padding not corresponding to the most significant bits of the code for the EOS symbol "
         "MUST be treated as a decoding error",
         // 'a' is 00011.
         behind(huffman_value({0x18})), connection_error(kCompression)},
        {"5_2", "HuffmanPaddingWithOneZeroIsCompressionError", "as above",
         behind(huffman_value({0x1e})), connection_error(kCompression)},
        {"5_2", "HuffmanEosIsCompressionError",
         "A Huffman-encoded string literal containing the EOS symbol MUST be treated as a decoding "
         "error",
         behind(huffman_value({0xff, 0xff, 0xff, 0xff})), connection_error(kCompression)},
        {"5_2", "HuffmanEosBehindTextIsCompressionError", "as above",
         behind(huffman_value({0x1f, 0xff, 0xff, 0xff, 0xff})), connection_error(kCompression)},
        {"5_2", "HuffmanNameWithEosIsCompressionError", "as above",
         behind(octets({0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 1, 'v'})),
         connection_error(kCompression)},
        {"5_2", "HuffmanCodedUpperCaseNameIsMalformed", "RFC 9113 section 8.2.1 sees the text",
         // 'A' is 100001.
         behind(octets({0x00, 0x81, 0x87, 1, 'v'})), stream_error(1, kProtocol)},

        {"6_1", "IndexOfZeroIsCompressionError",
         "The index value of 0 is not used. It MUST be treated as a decoding error",
         behind(octets({0x80})), connection_error(kCompression)},
        {"6_1",
         "IndexedFieldsAreAccepted",
         "fields of the static table",
         {headers_frame(1, octets({0x83, 0x86, 0x84}), flag::kEndHeaders | flag::kEndStream)},
         http(1, "415")},
        {"6_2_1", "LiteralWithIndexedNameEntersTheTable", "literal with incremental indexing",
         // accept-language, the static entry 17.
         calls({kRequest + octets({0x40 | 17, 2, 'd', 'e'}), kRequest + kNewest}), served(3)},
        {"6_2_1", "LiteralWithNewNameEntersTheTable", "as above",
         calls({kRequest + kIndexed, kRequest + kNewest}), served(3)},
        {"6_2_1", "NameOfADynamicEntryIsAccepted", "as above",
         calls({kRequest + kIndexed, kRequest + octets({0x40 | 62, 1, 'w'})}), served(3)},
        {"6_2_1", "MalformedValueInTheTableIsMalformedEachTime",
         "RFC 9113 section 8.2.1 holds for a field in every form",
         calls({kRequest + literal(0x40, "x-indexed", "a\nb"), kRequest + kNewest,
                kRequest + kNewest}),
         stream_error(5, kProtocol)},
        {"6_2_1", "MalformedNameInTheTableIsMalformedEachTime", "as above",
         calls(
             {kRequest + literal(0x40, "X-Indexed", "v"), kRequest + kNewest, kRequest + kNewest}),
         stream_error(5, kProtocol)},
        {"6_2_1", "MalformedPathInTheTableIsMalformedEachTime", "as above",
         calls({octets({0x83, 0x86, 0x44, 3, '/', '\n', 'x'}), octets({0x83, 0x86, 0x80 | 62}),
                octets({0x83, 0x86, 0x80 | 62})}),
         stream_error(5, kProtocol)},
        {"6_2_1", "NewValueForAGoodNameInTheTableIsLookedAt", "as above",
         calls({kRequest + kIndexed, kRequest + octets({0x40 | 62, 1, '\n'}),
                kRequest + octets({0x0f, 63 - 15, 1, '\n'})}),
         stream_error(5, kProtocol)},
        {"6_2_2", "LiteralWithoutIndexingDoesNotEnterTheTable",
         "a header field without altering the dynamic table",
         calls({kRequest + literal(0x00, "x-plain", "value"), kRequest + kNewest}),
         connection_error(kCompression)},
        {"6_2_2", "LiteralWithoutIndexingWithAnIndexedNameIsAccepted", "as above",
         behind(octets({0x0f, 17 - 15, 2, 'd', 'e'})), served()},
        {"6_2_3", "NeverIndexedLiteralIsAccepted",
         "Intermediaries MUST use the same representation",
         behind(literal(0x10, "x-secret", "value") + octets({0x1f, 17 - 15, 2, 'd', 'e'})),
         served()},
        {"6_2_3", "NeverIndexedLiteralDoesNotEnterTheTable", "as above",
         calls({kRequest + literal(0x10, "x-secret", "value"), kRequest + kNewest}),
         connection_error(kCompression)},
        {"6_3", "SizeUpdateAboveTheLimitIsCompressionError",
         "The new maximum size MUST be lower than or equal to the limit determined by the protocol "
         "using HPACK. A value that exceeds this limit MUST be treated as a decoding error",
         before(octets({0x3f, 0xe2, 0x1f})), connection_error(kCompression)},
        {"6_3", "SizeUpdateFarAboveTheLimitIsCompressionError", "as above",
         before(octets({0x3f, 0xff, 0xff, 0xff, 0xff, 0x0f})), connection_error(kCompression)},
        {"6_3",
         "SizeUpdateAloneInABlockLeavesARequestWithoutFields",
         "RFC 9113 section 8.3.1",
         {headers_frame(1, octets({0x20}))},
         stream_error(1, kProtocol)},
        {"4_2",
         "ServerSignalsTheSmallestTableOfSeveral",
         "the smallest maximum table size that occurs in that interval MUST be signaled",
         {settings({{SettingId::HeaderTableSize, 0}}) +
              settings({{SettingId::HeaderTableSize, 4096}}),
          settled(), call(1)},
         served() &&
             [](RawConnection& c) {
               const std::string& bytes = c.first(FrameType::Headers, 1)->payload;
               EXPECT_EQ(bytes.substr(0, 4), octets({0x20, 0x3f, 0xe1, 0x1f}));
             }},
        {"4_2",
         "ServerSignalsASmallerTable",
         "as above",
         {settings({{SettingId::HeaderTableSize, 0}}), settled(), call(1)},
         served() &&
             [](RawConnection& c) {
               EXPECT_EQ(c.first(FrameType::Headers, 1)->payload.substr(0, 1), octets({0x20}));
             }},
    });

}  // namespace
}  // namespace weft::conformance
