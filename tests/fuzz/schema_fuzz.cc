// Types that a server sends by reflection, described and used as `weft` does.
//
// Input: two bytes of length, a FileDescriptorSet as long, then JSON.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/stubs/logging.h>

#include "tests/fuzz/input.h"
#include "tools/weft/json_codec.h"
#include "tools/weft/proto_text.h"
#include "tools/weft/schema.h"

namespace weft::fuzz {
namespace {

namespace pb = google::protobuf;

struct Silent final : pb::DescriptorPool::ErrorCollector {
  void AddError(const std::string&, const std::string&, const pb::Message*, ErrorLocation,
                const std::string&) override {}
};

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
  auto pool = std::make_shared<google::protobuf::DescriptorPool>();
  Silent errors;
  std::vector<std::string> names;
  std::vector<const google::protobuf::FileDescriptor*> built;
  for (const auto& file : set.file()) {
    if (pool->FindFileByName(file.name()) != nullptr) continue;
    const auto* descriptor = pool->BuildFileCollectingErrors(file, &errors);
    if (descriptor == nullptr) continue;
    names.push_back(file.name());
    built.push_back(descriptor);
  }
  const weft::cli::Schema schema(pool, {}, std::move(names));
  const std::string_view text = input.rest();
  for (const auto* file : built) use(schema, *file, text);
  return 0;
}
