// Header blocks from anywhere, held against nghttp2: a decoder under the peer's control, and an
// encoder whose blocks must come back as they were, here and there.
//
// Input: a byte of limits, then blocks, each after a byte: below 250 it is the length of the block,
// from there on a change of the table's size.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string_view>
#include <vector>

#include <nghttp2/nghttp2.h>

#include "weft/http2/hpack/hpack.h"

namespace {

using weft::http2::HeaderField;
using weft::http2::HeaderFields;
using weft::http2::HpackDecoder;
using weft::http2::HpackEncoder;
using Block = std::span<const std::uint8_t>;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", rule);
  std::abort();
}

std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

/// nghttp2's decoder.
class Theirs {
 public:
  Theirs() { nghttp2_hd_inflate_new(&inflater_); }
  Theirs(const Theirs&) = delete;
  Theirs& operator=(const Theirs&) = delete;
  ~Theirs() { nghttp2_hd_inflate_del(inflater_); }

  void set_max_table_size(std::size_t size) {
    nghttp2_hd_inflate_change_table_size(inflater_, size);
  }
  /// Its fields are compared with `fields` as they come, unless those were not kept. False for a
  /// malformed block.
  bool decode(Block block, const HeaderFields* fields) {
    std::size_t count = 0;
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
      nghttp2_nv field;
      const auto used =
          nghttp2_hd_inflate_hd2(inflater_, &field, &flags, block.data(), block.size(), 1);
      if (used < 0) return false;
      block = block.subspan(static_cast<std::size_t>(used));
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0) continue;
      if (fields != nullptr) {
        require(count < fields->size(), "nghttp2 finds no more fields");
        require((*fields)[count].name == text(field.name, field.namelen), "nghttp2 reads the name");
        require((*fields)[count].value == text(field.value, field.valuelen),
                "nghttp2 reads the value");
      }
      ++count;
    }
    require(fields == nullptr || count == fields->size(), "nghttp2 finds all fields");
    nghttp2_hd_inflate_end_headers(inflater_);
    return true;
  }
  std::size_t table_bytes() { return nghttp2_hd_inflate_get_dynamic_table_size(inflater_); }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

/// One direction in which we encode: both decoders have to read it.
struct Sender {
  HpackEncoder encoder;
  HpackDecoder ours{{.list_size = std::size_t{1} << 20}};
  Theirs theirs;

  void set_max_table_size(std::size_t size) {
    encoder.set_max_table_size(size);
    ours.set_max_table_size(size);
    theirs.set_max_table_size(size);
  }
  void send(HeaderFields fields) {
    std::vector<std::uint8_t> block(encoder.bound(fields));
    const std::uint8_t* end = encoder.encode(fields, block.data());
    const auto size = static_cast<std::size_t>(end - block.data());
    require(size <= block.size(), "a block keeps to its bound");
    const Block written(block.data(), size);
    require(ours.decode(written) == HpackDecoder::Outcome::Ok, "we decode what we encode");
    const HeaderFields back = ours.fields();
    require(back.size() == fields.size(), "all fields come back");
    for (std::size_t i = 0; i < back.size(); ++i) {
      require(back[i].name == fields[i].name, "names come back");
      require(back[i].value == fields[i].value, "values come back");
      require(back[i].token == fields[i].token, "tokens come back");
      require(back[i].sensitive || !fields[i].sensitive, "secrets stay secrets");
    }
    if (written.empty()) return;
    require(theirs.decode(written, &fields), "nghttp2 decodes what we encode");
    require(ours.table_bytes() == theirs.table_bytes(), "our tables are alike");
  }
};

/// What a peer sends: the two decoders agree on it, or one of them is wrong.
struct Receiver {
  HpackDecoder ours;
  Theirs theirs;

  explicit Receiver(std::size_t list_size) : ours({.list_size = list_size}) {}
  /// False when the block is malformed.
  bool receive(Block block) {
    const HpackDecoder::Outcome outcome = ours.decode(block);
    const HeaderFields fields = ours.fields();
    const bool kept = outcome == HpackDecoder::Outcome::Ok;
    const bool accepted = theirs.decode(block, kept ? &fields : nullptr);
    require(!accepted || outcome != HpackDecoder::Outcome::CompressionError, ours.error());
    require(accepted || outcome == HpackDecoder::Outcome::CompressionError,
            "we reject what nghttp2 rejects");
    if (accepted) require(ours.table_bytes() == theirs.table_bytes(), "tables are alike");
    return accepted;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Block input(data, size);
  if (input.empty()) return 0;
  Receiver receiver(std::size_t{input[0]} * 64);
  Sender sender;
  input = input.subspan(1);
  while (!input.empty()) {
    const std::size_t length = std::min<std::size_t>(input[0], input.size() - 1);
    if (input[0] >= 250) {
      static constexpr std::size_t kSizes[] = {0, 33, 100, 1000, 4096, 65536};
      const std::size_t table = kSizes[input[0] - 250];
      input = input.subspan(1);
      receiver.ours.set_max_table_size(table);
      receiver.theirs.set_max_table_size(table);
      sender.set_max_table_size(table);
      continue;
    }
    const Block block = input.subspan(1, length);
    input = input.subspan(1 + length);
    // Without a byte nghttp2 does not begin a block.
    if (block.empty()) continue;
    if (!receiver.receive(block)) break;
    sender.send(receiver.ours.fields());
  }
  return 0;
}
