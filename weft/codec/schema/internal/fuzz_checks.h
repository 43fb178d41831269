#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>

#include "kinds.pb.h"
#include "kinds2.pb.h"

/// For fuzz targets of formats.
namespace weft::formats_test {

/// Ends the run, with `detail`, where something does not hold.
inline void require(bool held, const char* what, std::string_view detail) {
  if (held) return;
  std::fprintf(stderr, "does not hold: %s\n%.*s\n", what, static_cast<int>(detail.size()),
               detail.data());
  std::abort();
}

/// The same for equal messages: maps are in the order of their keys. Required fields may be
/// missing.
inline std::string canonical_bytes(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializePartialToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

/// Protobuf says nothing about the bytes it is given.
inline void silence_protobuf() {
  static google::protobuf::LogHandler* const quiet = google::protobuf::SetLogHandler(nullptr);
  static_cast<void>(quiet);
}

/// Runs an input: a byte that chooses, then the format, for `Target::read<M>()`, or the bytes of a
/// message, for `Target::show<M>()`.
template <class Target>
int run(const std::uint8_t* data, std::size_t size) {
  silence_protobuf();
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] & 3) {
    case 0:
      Target::template read<formats::Kinds>(input);
      break;
    case 1:
      Target::template read<formats::Legacy>(input);
      break;
    case 2:
      Target::template show<formats::Kinds>(input);
      break;
    default:
      Target::template show<formats::Legacy>(input);
  }
  return 0;
}

}  // namespace weft::formats_test
