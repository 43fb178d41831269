// JSON on its way to a message and back, as `weft call` takes it from a user and from a server.
//
// Input: a byte that seeds the cuts, then the text; the text is taken for the bytes of a message
// too.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include "weft/base/rng.h"

#include "tests/fuzz/input.h"
#include "tools/weft/json/json_codec.h"
#include "tools/weft/json/json_print.h"
#include "tools/weft/json/json_splitter.h"

namespace weft::fuzz {
namespace {

namespace pb = google::protobuf;

// A field of every kind that protobuf's JSON mapping knows.
constexpr std::string_view kProto = R"(syntax = "proto3";
package fuzz;
import "google/protobuf/any.proto";
import "google/protobuf/duration.proto";
import "google/protobuf/field_mask.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
message All {
  enum Colour { RED = 0; GREEN = 1; BLUE = -2; }
  int32 i = 1;
  sint64 long_number = 2;
  uint64 u = 3;
  fixed32 f = 4;
  double d = 5;
  float small = 6;
  bool yes = 7;
  string s = 8;
  bytes b = 9;
  Colour colour = 10;
  All all = 11;
  repeated All alls = 12;
  repeated int32 numbers = 13;
  map<string, All> by_name = 14;
  map<int64, string> by_number = 15;
  oneof one { string first = 16; All second = 17; }
  optional int32 maybe = 18;
  google.protobuf.Any any = 19;
  google.protobuf.Duration duration = 20;
  google.protobuf.FieldMask mask = 21;
  google.protobuf.Struct object = 22;
  google.protobuf.Value value = 23;
  google.protobuf.Timestamp time = 24;
  google.protobuf.BytesValue wrapped = 25;
}
)";

struct Types {
  Types() {
    pb::SetLogHandler(nullptr);
    // Whoever is linked in only for its descriptor must be named.
    pb::Any::descriptor();
    pb::Duration::descriptor();
    pb::FieldMask::descriptor();
    pb::Struct::descriptor();
    pb::Timestamp::descriptor();
    pb::BytesValue::descriptor();
    pb::io::ArrayInputStream text(kProto.data(), static_cast<int>(kProto.size()));
    pb::io::Tokenizer tokens(&text, nullptr);
    pb::FileDescriptorProto file;
    file.set_name("fuzz.proto");
    require(pb::compiler::Parser().Parse(&tokens, &file), "the schema parses");
    auto pool = std::make_shared<pb::DescriptorPool>(pb::DescriptorPool::generated_pool());
    require(pool->BuildFile(file) != nullptr, "the schema is one");
    schema = std::make_unique<cli::Schema>(pool, std::vector<std::string>{},
                                           std::vector<std::string>{"fuzz.proto"});
    all = pool->FindMessageTypeByName("fuzz.All");
  }
  std::unique_ptr<cli::Schema> schema;
  const pb::Descriptor* all = nullptr;
};

const Types& types() {
  static const Types types;
  return types;
}

struct Split {
  std::vector<std::string> values;
  std::vector<std::size_t> lines;
  bool valid = false;
  bool operator==(const Split&) const = default;
};

void pop_all(cli::JsonSplitter& splitter, Split& out, std::vector<cli::JsonText>* texts) {
  cli::JsonText value;
  while (splitter.pop(value)) {
    out.values.push_back(value.text);
    out.lines.push_back(value.position.line * 1000 + value.position.column);
    if (texts != nullptr) texts->push_back(value);
  }
}

Split split(std::string_view text, Rng* cuts, std::vector<cli::JsonText>* texts) {
  Split out;
  cli::JsonSplitter splitter;
  Status status;
  while (!text.empty() && status.ok()) {
    const std::size_t n = cuts == nullptr ? text.size() : 1 + cuts->below(text.size());
    status = splitter.push(text.substr(0, n));
    text.remove_prefix(n);
    pop_all(splitter, out, texts);
  }
  if (status.ok()) status = splitter.finish();
  pop_all(splitter, out, texts);
  out.valid = status.ok();
  require(out.valid || status.code() == StatusCode::InvalidArgument, "bad JSON is the caller's");
  return out;
}

/// What `weft call` shows can be typed, and is then shown again.
void round_trip_shown(std::string_view bytes, bool defaults) {
  const Types& known = types();
  const cli::DecodeOptions options{.emit_defaults = defaults};
  const Result<std::string> shown = cli::decode_to_json(*known.schema, *known.all, bytes, options);
  if (!shown.ok()) return;
  const Split again = split(*shown, nullptr, nullptr);
  require(again.valid && again.values.size() == 1, "a message is shown as one value of JSON");
  static_cast<void>(cli::print_json(*shown, cli::JsonLayout::Pretty, cli::Style::coloured()));
  const Result<std::string> back =
      cli::encode_json(*known.schema, *known.all, {.text = *shown, .position = {}});
  require(back.ok(), "what was shown can be typed");
}

/// What was accepted says the same when it has gone there and back.
void round_trip(const cli::JsonText& json) {
  const Types& known = types();
  const Result<std::string> bytes = cli::encode_json(*known.schema, *known.all, json);
  if (!bytes.ok()) {
    require(bytes.status().code() == StatusCode::InvalidArgument, "a bad field is the caller's");
    return;
  }
  round_trip_shown(*bytes, false);
  round_trip_shown(*bytes, true);
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::fuzz;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<weft::cli::JsonText> texts;
  const Split whole = split(text, nullptr, &texts);
  weft::Rng cuts(data[0]);
  require(split(text, &cuts, nullptr) == whole, "it does not matter how the text arrives");
  for (const weft::cli::JsonText& json : texts) round_trip(json);
  round_trip_shown(text, false);
  round_trip_shown(text, true);
  return 0;
}
