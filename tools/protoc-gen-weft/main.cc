#include <google/protobuf/compiler/plugin.h>

#include "tools/protoc-gen-weft/generator.h"

int main(int argc, char* argv[]) {
  const weft::generator::Generator generator;
  return google::protobuf::compiler::PluginMain(argc, argv, &generator);
}
