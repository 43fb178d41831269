#include "tools/protoc-gen-weft/generator.h"

#include <memory>
#include <string_view>

#include <google/protobuf/io/printer.h>
#include <google/protobuf/io/zero_copy_stream.h>

#include "tools/protoc-gen-weft/header.h"
#include "tools/protoc-gen-weft/model.h"
#include "tools/protoc-gen-weft/private_copy.h"
#include "tools/protoc-gen-weft/source.h"

namespace weft::generator {
namespace {

using google::protobuf::compiler::GeneratorContext;
using google::protobuf::io::Printer;
using google::protobuf::io::ZeroCopyOutputStream;

constexpr std::string_view kPrivate = "private=";
constexpr std::string_view kCalls = "calls";

void write(GeneratorContext& context, const std::string& name, const FileModel& model,
           void (*print)(const FileModel&, Printer&)) {
  const std::unique_ptr<ZeroCopyOutputStream> stream(context.Open(name));
  Printer printer(stream.get(), '$');
  print(model, printer);
}

}  // namespace

bool Generator::Generate(const google::protobuf::FileDescriptor* file, const std::string& parameter,
                         GeneratorContext* context, std::string* error) const {
  PrivateCopy copy;
  if (parameter.starts_with(kPrivate) && parameter.find(',') == std::string::npos) {
    copy.prefix = parameter.substr(kPrivate.size());
  }
  if (copy.prefix.empty() && !parameter.empty() && parameter != kCalls) {
    *error = "protoc-gen-weft takes one option, 'calls' or 'private=PREFIX', and was given '" +
             parameter + "'";
    return false;
  }
  FileModel model = model_of(*file, copy);
  model.makes_calls = parameter == kCalls;
  write(*context, model.base + ".weft.h", model, &print_header);
  write(*context, model.base + ".weft.cc", model, &print_source);
  return true;
}

}  // namespace weft::generator
