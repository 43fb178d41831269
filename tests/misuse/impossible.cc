// Mistakes that do not compile, each with a sentence that says what to do instead. check.py
// compiles this, and looks for each sentence on its line.
#include <optional>
#include <string>

#include "weft/rpc/server.h"
#include "weft/testing/in_process.h"

#include "kinds.weft.h"

namespace weft::misuse {

using test::kinds::KindsBlockingClient;
using test::kinds::KindsService;
using test::kinds::Number;

Task<> task() { co_return; }

Task<> a_blocking_client(KindsBlockingClient& kinds, Number number) {
  co_await kinds.Unary(number);  // says: use the client without Blocking
}

Task<> a_blocking_stream(BlockingReader<Number>& stream) {
  co_await stream.read();  // says: use the client without Blocking
}

Task<> a_task_with_a_name() {
  Task<> named = task();
  co_await named;  // says: co_await std::move(task)
}

class Doubling : public KindsService {
 public:
  explicit Doubling(std::string name);
  Task<Result<Number>> Unary(ServerContext& context, const Number& request) override;
};

class Misspelt : public KindsService {
 public:
  Task<Result<Number>> Unari(ServerContext& context, const Number& request);
};

class Abstract : public KindsService {
 public:
  Task<Result<Number>> Unary(ServerContext& context, const Number& request) override;
  virtual void more() = 0;
};

class Other {};

void services(Server& server) {
  server.add<Doubling>();  // says: has no public constructor that takes these arguments
  server.add<Misspelt>();  // says: overrides no method of its service
  server.add<Abstract>();  // says: has pure virtual functions left
  server.add<Other>();     // says: derive it from a class that weft_proto() generates
}

void services_in_a_test(testing::InProcess& world) {
  world.add<Doubling>(1);  // says: has no public constructor that takes these arguments
}

}  // namespace weft::misuse
