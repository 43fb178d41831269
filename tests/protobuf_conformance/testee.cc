// What protobuf's conformance runner starts and asks over a pipe: a ConformanceRequest behind its
// size, four bytes with the lowest first, is answered by a ConformanceResponse in the same form.
//
// With --wrong-once two answers are wrong, one of JSON and one of bytes: the runner has to see
// both, or its silence means nothing.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "weft/codec/json/json.h"

#include "conformance.pb.h"
#include "google/protobuf/test_messages_proto2.pb.h"
#include "google/protobuf/test_messages_proto3.pb.h"

namespace {

namespace pb = google::protobuf;
using conformance::ConformanceRequest;
using conformance::ConformanceResponse;

std::unique_ptr<pb::Message> new_message(const std::string& type) {
  pb::LinkMessageReflection<protobuf_test_messages::proto2::TestAllTypesProto2>();
  pb::LinkMessageReflection<protobuf_test_messages::proto3::TestAllTypesProto3>();
  const pb::Descriptor* found = pb::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (found == nullptr) return nullptr;
  return std::unique_ptr<pb::Message>(
      pb::MessageFactory::generated_factory()->GetPrototype(found)->New());
}

bool read(const ConformanceRequest& request, pb::Message& message, ConformanceResponse& response) {
  if (request.has_protobuf_payload()) {
    if (message.ParseFromString(request.protobuf_payload())) return true;
    response.set_parse_error("not such a message");
    return false;
  }
  const weft::JsonReadOptions options{
      .ignore_unknown = request.test_category() == conformance::JSON_IGNORE_UNKNOWN_PARSING_TEST};
  const weft::Status status = weft::from_json(request.json_payload(), message, options);
  if (!status.ok()) response.set_parse_error(std::string(status.message()));
  return status.ok();
}

void write(const ConformanceRequest& request, const pb::Message& message,
           ConformanceResponse& response) {
  if (request.requested_output_format() == conformance::PROTOBUF) {
    message.SerializeToString(response.mutable_protobuf_payload());
    return;
  }
  const weft::Result<std::string> json = weft::to_json(message);
  if (json.ok()) {
    response.set_json_payload(*json);
  } else {
    response.set_serialize_error(std::string(json.status().message()));
  }
}

/// Makes the first JSON and the first bytes that were written others, which are well-formed too.
void falsify(ConformanceResponse& response) {
  static bool json_done = false;
  static bool bytes_done = false;
  if (response.has_json_payload() && !std::exchange(json_done, true)) {
    response.set_json_payload(R"({"optionalInt32":1234567})");
  }
  if (response.has_protobuf_payload() && !std::exchange(bytes_done, true)) {
    protobuf_test_messages::proto3::TestAllTypesProto3 wrong;
    wrong.set_optional_int32(1234567);
    wrong.SerializeToString(response.mutable_protobuf_payload());
  }
}

ConformanceResponse answer(const ConformanceRequest& request) {
  ConformanceResponse response;
  // The runner asks for this first: cases that are known to fail. There are none.
  if (request.message_type() == "conformance.FailureSet") {
    response.set_protobuf_payload(conformance::FailureSet().SerializeAsString());
    return response;
  }
  const bool can_read = request.has_protobuf_payload() || request.has_json_payload();
  const bool can_write = request.requested_output_format() == conformance::PROTOBUF ||
                         request.requested_output_format() == conformance::JSON;
  if (!can_read || !can_write) {
    response.set_skipped("only bytes and JSON are known");
    return response;
  }
  const std::unique_ptr<pb::Message> message = new_message(request.message_type());
  if (message == nullptr) {
    response.set_runtime_error("no message type " + request.message_type());
  } else if (read(request, *message, response)) {
    write(request, *message, response);
  }
  return response;
}

bool take(void* bytes, std::size_t size) { return std::fread(bytes, 1, size, stdin) == size; }
bool give(const void* bytes, std::size_t size) {
  return std::fwrite(bytes, 1, size, stdout) == size;
}

}  // namespace

int main(int argc, char** argv) {
  // The runner gives a program its own path once more before its arguments.
  const bool wrong_once = std::any_of(argv + 1, argv + argc, [](const char* argument) {
    return std::strcmp(argument, "--wrong-once") == 0;
  });
  std::uint32_t size = 0;
  while (take(&size, sizeof size)) {
    std::string bytes(size, '\0');
    ConformanceRequest request;
    if (!take(bytes.data(), bytes.size()) || !request.ParseFromString(bytes)) return 1;
    ConformanceResponse answered = answer(request);
    if (wrong_once && request.message_type() != "conformance.FailureSet") falsify(answered);
    const std::string response = answered.SerializeAsString();
    size = static_cast<std::uint32_t>(response.size());
    if (!give(&size, sizeof size) || !give(response.data(), response.size())) return 1;
    std::fflush(stdout);
  }
  return 0;
}
