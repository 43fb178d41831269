// The command against servers that mean it harm: what they say neither ends it nor drives the
// terminal.

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>

#include "weft/rpc/server.h"
#include "weft/rpc/server/handler.h"

#include "tests/command/program.h"

namespace weft::test {
namespace {

using ::testing::HasSubstr;

// Controls, a line, a direction, an invisible tag. The second is U+009B, the control sequence
// introducer.
constexpr const char* kHarmful = "a\x1b[2J\u009b1m\r\n\u2028\u202e\u200b\U000e0041z";
constexpr const char* kShown = R"(a\x1b[2J\u009b1m\r\n\u2028\u202e\u200b\U000e0041z)";
constexpr const char* kShownInJson = R"(a\u001b[2J\u009b1m\r\n\u2028\u202e\u200b\udb40\udc41z)";

constexpr MethodDescriptor kMethods[] = {
    {.name = "GetAny", .path = "/weft.test.hostile.Hostile/GetAny"},
    {.name = "GetText", .path = "/weft.test.hostile.Hostile/GetText"},
    {.name = "Fail", .path = "/weft.test.hostile.Hostile/Fail"}};
constexpr ServiceDescriptor kDescriptor{.name = "weft.test.hostile.Hostile", .methods = kMethods};

/// Field 1 of every answer, as bytes.
using Answer = google::protobuf::BytesValue;

class Hostile final : public ServiceDefinition {
 public:
  explicit Hostile(const std::string& any) : any_(any) {}
  const ServiceDescriptor& descriptor() const noexcept override { return kDescriptor; }
  Task<Status> serve(std::size_t method, Call& call) override {
    if (method == 0) return rpc::serve_unary<&Hostile::GetAny>(call, *this);
    if (method == 1) return rpc::serve_unary<&Hostile::GetText>(call, *this);
    return rpc::serve_unary<&Hostile::Fail>(call, *this);
  }
  Task<Result<Answer>> GetAny(ServerContext&, const Answer&) { return answer(any_); }
  Task<Result<Answer>> GetText(ServerContext&, const Answer&) { return answer(kHarmful); }
  Task<Result<Answer>> Fail(ServerContext&, const Answer&) {
    return Result<Answer>(not_found(kHarmful));
  }

 private:
  static Result<Answer> answer(const std::string& bytes) {
    Answer answer;
    answer.set_value(bytes);
    return answer;
  }
  const std::string& any_;
};

class HostileServer : public ::testing::Test {
 protected:
  HostileServer() : server_(options()) {
    server_.add<Hostile>(any_);
    const Status status = server_.start();
    EXPECT_TRUE(status.ok()) << status.to_string();
  }
  std::vector<std::string> call_command(const std::string& method) const {
    return {"call",
            "127.0.0.1:" + std::to_string(server_.port()),
            "weft.test.hostile.Hostile/" + method,
            "--no-defaults",
            "--proto",
            NOTES_DIR "/hostile.proto"};
  }
  Ended call(const std::string& method) const { return run_weft(call_command(method)); }
  std::string on_a_terminal(const std::string& method) const {
    Program program(kWeft, call_command(method), Program::Output::Terminal, {"NO_COLOR=1"});
    return program.wait().out;
  }

  std::string any_;
  Server server_;

 private:
  static ServerOptions options() {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    return options;
  }
};

/// An Any in an Any, and so on: what is around an Any, from the inside to the outside, and then in
/// the order of the bytes.
std::string nested_any(int depth) {
  const std::string url = "\x0a\x27type.googleapis.com/google.protobuf.Any";
  std::vector<std::string> heads;
  std::size_t size = 0;
  for (int i = 0; i < depth; ++i) {
    std::string head = url + "\x12";
    for (std::size_t left = size;; left >>= 7) {
      head += static_cast<char>((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
      if (left <= 0x7f) break;
    }
    size += head.size();
    heads.push_back(std::move(head));
  }
  std::string bytes;
  for (auto head = heads.rbegin(); head != heads.rend(); ++head) bytes += *head;
  return bytes;
}

TEST_F(HostileServer, DoesNotEndTheCommandByNestedAny) {
  any_ = nested_any(20);
  EXPECT_EQ(call("GetAny").status, 0);
  for (const int depth : {100, 10'000, 40'000}) {
    any_ = nested_any(depth);
    const Ended ended = call("GetAny");
    EXPECT_EQ(ended.status, 0) << ended.err;
    // What lies too deep is shown as bytes.
    EXPECT_EQ(ended.out.find("\"@value\":\"") != std::string::npos, true);
  }
}

TEST_F(HostileServer, DoesNotDriveTheTerminalByText) {
  EXPECT_EQ(on_a_terminal("GetText"),
            "{\r\n  \"value\": \"" + std::string(kShownInJson) + "\"\r\n}\r\n");
}

TEST_F(HostileServer, LeavesJsonValidWithTheSameValue) {
  EXPECT_EQ(call("GetText").out, "{\"value\":\"" + std::string(kShownInJson) + "\"}\n");
}

TEST_F(HostileServer, DoesNotForgeLinesByItsStatus) {
  EXPECT_EQ(call("Fail").err, "NOT_FOUND: " + std::string(kShown) + "\n");
}

}  // namespace
}  // namespace weft::test
