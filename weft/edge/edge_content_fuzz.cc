#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "weft/edge/internal/query.h"
#include "weft/edge/internal/test_edge.h"

namespace {

using weft::edge::test::Answer;
using weft::edge::test::World;
using weft::testing::EndStream;

struct Asked {
  std::string_view path;
  std::string_view type;
  weft::testing::Fields fields;
};

const Asked& asked(std::uint8_t choice) {
  static const Asked kAsked[] = {
      {"/test.Notes/Collect", "application/grpc-web", {}},
      {"/test.Notes/Collect", "application/grpc-web-text", {}},
      {"/test.Notes/Collect", "application/grpc-web+json", {}},
      {"/test.Notes/Collect", "application/grpc-web", {{"grpc-encoding", "gzip"}}},
      {"/test.Notes/Echo", "application/grpc-web-text", {}},
      {"/test.Notes/Echo", "application/json", {}},
      {"/test.Notes/Echo", "application/proto", {}},
      {"/test.Notes/Echo", "application/json", {{"content-encoding", "zstd"}}},
      {"/test.Notes/Collect", "application/connect+json", {}}};
  return kAsked[choice % std::size(kAsked)];
}

/// The answer to a content that is sent in parts of `step` bytes.
Answer ask(World& world, const Asked& what, std::string_view content, std::size_t step) {
  const std::uint32_t stream = world.begin(what.path, what.type, what.fields);
  for (; content.size() > step; content.remove_prefix(step)) {
    world.peer().send(weft::testing::data(stream, content.substr(0, step)));
    world.world().run_for(std::chrono::milliseconds(2));
  }
  world.peer().send(weft::testing::data(stream, content, EndStream::Yes));
  return world.answer(stream);
}

/// gRPC-Web's head has a status only where it is not OK; a stream of Connect has it in the body.
bool succeeded(const Answer& answer) {
  return answer.status() == "200" && answer.head.field("grpc-status").empty() &&
         answer.body.find("{\"error\":") == std::string::npos;
}

}  // namespace

// First byte: what is asked; second: the length of the parts. Whatever the content, there is an
// answer, and it is the same however the content is sliced; but a stream that breaks a rule may
// fail before or after the message that stands before that.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const std::string_view content(reinterpret_cast<const char*>(data + 2), size - 2);
  const Asked& what = asked(data[0]);
  // No more parts than a connection of a peer in good faith brings at a time.
  const std::size_t step = std::max<std::size_t>({data[1], 1, content.size() / 16});
  // The query of a GET, which HTTP/2 would not take with any bytes.
  static_cast<void>(weft::edge::Query::parse(content));
  World world;
  const Answer whole = ask(world, what, content, content.size() + 1);
  const Answer sliced = ask(world, what, content, step);
  if (succeeded(whole) != succeeded(sliced)) std::abort();
  if (succeeded(whole) && whole.body != sliced.body) std::abort();
  if (world.server().active_calls() != 0) std::abort();
  return 0;
}
