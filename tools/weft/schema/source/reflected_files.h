#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.pb.h>

#include "weft/base/result.h"

#include "tools/weft/schema/schema.h"

namespace weft::cli {

/// What a server's reflection may send. The largest public APIs need a fifth of it.
struct ReflectionLimits {
  std::size_t files = 2'000;
  std::size_t bytes = std::size_t{16} << 20;
  /// Messages, fields, enum values, methods and their options.
  std::uint64_t elements = 300'000;
  /// Names, numbers, comments and whatever else an element has.
  std::uint64_t values = 2'000'000;
  /// Bytes of a file's name, or of the full name of what is in it.
  std::size_t name = 512;
  /// Of numbers, reserved or for extensions, of a message or an enum: protobuf compares each with
  /// each.
  int ranges = 1'000;
};

/// The files that a server's reflection has sent, taken within limits: a server decides what they
/// hold, and protobuf's descriptor pool has no limits of its own.
class ReflectedFiles {
 public:
  explicit ReflectedFiles(const ReflectionLimits& limits = {}) : limits_(limits) {}

  /// Takes a FileDescriptorProto; of two files of one name the first stays. INTERNAL when it is
  /// none or is not what a compiler makes, RESOURCE_EXHAUSTED naming the limit that was met. A file
  /// of an edition that is not known is left out.
  Status take(const std::string& bytes);
  /// Takes protobuf's own file of this name; false when there is none.
  bool take_own(const std::string& name);

  /// Takes note that an import cannot be had: files that need it are left out.
  void give_up(const std::string& name, const std::string& why);
  /// The same of a service.
  void leave_out(const std::string& service, const std::string& why);

  bool contains(const std::string& name) const { return files_.contains(name); }
  bool empty() const noexcept { return files_.empty(); }
  /// The name of an import that is not there yet; empty when all are.
  std::string next_missing();
  /// "12 files of 34567 bytes".
  std::string counted() const;

  /// The types of the files. What is in files that do not fit is left out, with protobuf's
  /// messages; FAILED_PRECONDITION when nothing is left. `services`: what Schema::services() is to
  /// be.
  Result<Schema> schema(std::vector<std::string> services) const;

 private:
  void keep(google::protobuf::FileDescriptorProto file);

  ReflectionLimits limits_;
  std::map<std::string, google::protobuf::FileDescriptorProto> files_;
  std::deque<std::string> imports_;
  std::map<std::string, std::string> lost_;  // files, and why
  LeftOut left_out_;
  std::size_t bytes_ = 0;
  std::uint64_t elements_ = 0;
  std::uint64_t values_ = 0;
};

}  // namespace weft::cli
