// Types that a server sends by reflection, described and used as `weft` does.
//
// Input: two bytes of length, a FileDescriptorSet as long, then JSON.

#include <string>
#include <string_view>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/stubs/logging.h>

#include "tests/fuzz/input.h"
#include "tools/weft/json/json_codec.h"
#include "tools/weft/schema/proto_text.h"
#include "tools/weft/schema/schema.h"
#include "tools/weft/schema/source/reflected_files.h"

namespace weft::fuzz {
namespace {

namespace pb = google::protobuf;

void use(const cli::Schema& schema, const pb::FileDescriptor& file, std::string_view text) {
  for (const std::string& symbol : schema.symbols()) {
    require(cli::describe(schema, symbol).ok(), "each symbol can be described");
  }
  require(!cli::describe(schema, "fuzz.NoSuchThing.AtAll").ok(), "what is not there is not found");
  for (int i = 0; i < file.service_count(); ++i) {
    for (int j = 0; j < file.service(i)->method_count(); ++j) {
      const pb::MethodDescriptor& method = *file.service(i)->method(j);
      const Result<cli::Method> found = schema.method(file.service(i)->full_name(), method.name());
      require(found.ok(), "each method can be called");
      static_cast<void>(found->call_descriptor());
    }
  }
  for (int i = 0; i < file.message_type_count() && i < 4; ++i) {
    const pb::Descriptor& type = *file.message_type(i);
    const Result<std::string> bytes =
        cli::encode_json(schema, type, {.text = std::string(text), .position = {}});
    if (bytes.ok()) static_cast<void>(cli::decode_to_json(schema, type, *bytes));
    static_cast<void>(cli::decode_to_json(schema, type, std::string(text)));
  }
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::fuzz;
  static google::protobuf::LogHandler* const quiet = google::protobuf::SetLogHandler(nullptr);
  static_cast<void>(quiet);
  Input input(data, size);
  const std::string files(input.take(input.u16()));
  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromString(files)) return 0;
  weft::cli::ReflectedFiles reflected;
  for (const auto& file : set.file()) {
    static_cast<void>(reflected.take(file.SerializeAsString()));
  }
  const weft::Result<weft::cli::Schema> schema = reflected.schema({});
  if (!schema.ok()) return 0;
  const std::string_view text = input.rest();
  for (const auto& proto : set.file()) {
    const auto* file = schema->pool().FindFileByName(proto.name());
    if (file != nullptr) use(*schema, *file, text);
  }
  return 0;
}
