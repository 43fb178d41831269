#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <grpc/grpc.h>

// Defined in libgrpc for its own interop tests, in no public header.
std::uint32_t grpc_call_test_only_get_message_flags(grpc_call* call);

/// What the grpc++ client and server have in common.
namespace interop {

/// Whether the last message that this call received came compressed.
inline bool last_was_compressed(grpc_call* call) {
  // GRPC_WRITE_INTERNAL_COMPRESS and, once decompressed, ..._TEST_ONLY_WAS_COMPRESSED.
  constexpr std::uint32_t kEither = 0x80000000U | 0x40000000U;
  return (grpc_call_test_only_get_message_flags(call) & kEither) != 0;
}

/// The value of `--name=value`, or what is given for none.
inline std::string flag(int argc, char** argv, std::string_view name, std::string_view otherwise) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with(name) && argument.substr(name.size()).starts_with('=')) {
      return std::string(argument.substr(name.size() + 1));
    }
  }
  return std::string(otherwise);
}

/// Whether `--name` or `--name=true` is there.
inline bool flag_is_set(int argc, char** argv, std::string_view name) {
  for (int i = 1; i < argc; ++i) {
    if (argv[i] == name) return true;
  }
  return flag(argc, argv, name, "false") == "true";
}

/// Empty where there is no such file; grpc++ says then what it misses.
inline std::string file_content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace interop
