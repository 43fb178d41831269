// Who makes a call, and what middlewares attach to it, from a server's middleware to the handler.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "weft/rpc/internal/test_service.h"
#include "weft/testing/in_process.h"

namespace weft::rpc {
namespace {

using test::Kinds;
using test::Text;
using test::text;
using ::testing::ElementsAre;
using testing::InProcess;

/// What one middleware has left for others and the handler.
struct Audit {
  std::vector<std::string> notes;
};

/// Takes the metadata `user` at its word.
Task<Status> authenticate(Call& call, Next next) {
  const auto user = std::as_const(call).request_metadata().get("user");
  if (user) {
    call.set_principal(std::make_shared<const Principal>(
        Principal{.subject = std::string(*user), .scheme = "test", .roles = {"reader"}}));
  }
  return next(call);
}

struct AuditAround {
  std::vector<std::string>* written;
  Task<Status> operator()(Call& call, Next next) const {
    call.attach(Audit{{"begun"}});
    Status status = co_await next(call);
    for (const std::string& note : call.find<Audit>()->notes) written->push_back(note);
    co_return status;
  }
};

/// Answers with the caller, and notes it.
class Mirror final : public Kinds {
  Task<Result<Text>> Unary(ServerContext& context, const Text&) override {
    const Principal* who = context.principal();
    const bool reads = who != nullptr && who->has_role("reader");
    const std::string seen = who == nullptr ? "nobody" : who->subject + (reads ? " reads" : "");
    if (Audit* audit = context.find<Audit>()) audit->notes.push_back(seen);
    co_return text(seen);
  }
  Task<Status> Chat(ServerContext& context, Reader<Text>& reader, Writer<Text>& writer) override {
    while (co_await reader.read()) {
      const Text who = text(context.principal()->subject);
      if (!co_await writer.write(who)) co_return writer.status();
    }
    co_return ok_status();
  }
};

class IdentityOfACall : public ::testing::Test {
 protected:
  IdentityOfACall() { world_.add<Mirror>(); }
  std::string call(std::string_view user) {
    Metadata metadata;
    if (!user.empty()) metadata.add("user", user);
    CallOptions options;
    options.metadata = &metadata;
    const Text request = text("x");
    const Result<Text> reply = world_.run(test::unary(world_.channel(), request, options));
    return reply.ok() ? reply->value() : reply.status().to_string();
  }
  InProcess world_;
};

TEST_F(IdentityOfACall, ReachesTheHandlerFromAMiddleware) {
  world_.server().use(authenticate);
  EXPECT_EQ(call("ann"), "ann reads");
  EXPECT_EQ(call("bob"), "bob reads");
  EXPECT_EQ(call(""), "nobody");
}

TEST_F(IdentityOfACall, StaysForALongStream) {
  world_.server().use(authenticate);
  Metadata metadata;
  metadata.add("user", "ann");
  CallOptions options;
  options.metadata = &metadata;
  const auto chat = [&]() -> Task<std::string> {
    auto stream = co_await test::chat(world_.channel(), options);
    std::string seen;
    for (int i = 0; i < 3; ++i) {
      const Text request = text("x");
      static_cast<void>(co_await stream.write(request));
      const std::optional<Text> reply = co_await stream.read();
      if (reply) seen += reply->value();
    }
    static_cast<void>(co_await stream.finish());
    co_return seen;
  };
  EXPECT_EQ(world_.run(chat()), "annannann");
}

TEST_F(IdentityOfACall, LetsTheHandlerWriteIntoAnAttachment) {
  std::vector<std::string> written;
  world_.server().use(AuditAround{&written});
  world_.server().use(authenticate);
  EXPECT_EQ(call("ann"), "ann reads");
  EXPECT_THAT(written, ElementsAre("begun", "ann reads"));
}

TEST_F(IdentityOfACall, HasNoAttachmentThatNobodyLeft) { EXPECT_EQ(call("ann"), "nobody"); }

}  // namespace
}  // namespace weft::rpc
