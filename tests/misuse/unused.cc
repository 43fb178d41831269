// Calls without a co_await, each of which would do nothing at all. check.py compiles this, and
// looks for each sentence on its line.
#include "weft/coro/all.h"
#include "weft/coro/event.h"
#include "weft/coro/queue.h"
#include "weft/coro/scope.h"
#include "weft/coro/semaphore.h"
#include "weft/net/offload.h"
#include "weft/net/wait.h"
#include "weft/rpc/channel.h"
#include "weft/rpc/server.h"

#include "kinds.weft.h"

namespace weft::misuse {

using test::kinds::KindsBlockingClient;
using test::kinds::KindsClient;
using test::kinds::Number;

Task<> task() { co_return; }

Task<Status> in_a_handler(Reader<Number>& reader, Writer<Number>& writer, Number& number) {
  reader.read();                // says: co_await it
  reader.read(number);          // says: co_await it
  writer.write(number);         // says: co_await it
  current_context();            // says: co_await it
  task();                       // says: co_await the Task
  all(task(), task());          // says: co_await the Task
  net::sleep(Duration(1));      // says: co_await the Task
  net::offload([] {});          // says: co_await it
  net::offload([](int) {}, 1);  // says: co_await it
  co_return Status();
}

Task<> with_a_client(KindsClient& kinds, Channel& channel, const Number& number) {
  kinds.Unary(number);  // says: co_await the Task
  kinds.Down(number);   // says: co_await it
  channel.connect();    // says: co_await the Task
  auto both = co_await kinds.Both();
  both.read();         // says: co_await it
  both.write(number);  // says: co_await it
  both.finish();       // says: co_await the Task
}

Task<> with_coroutines(Event& event, Queue<int>& queue, Semaphore& semaphore, Scope& scope,
                       Context& context) {
  event.wait();         // says: co_await it
  queue.push(1);        // says: co_await it
  queue.pop();          // says: co_await it
  semaphore.acquire();  // says: co_await it
  scope.join();         // says: co_await the Task
  task().in(context);   // says: co_await it
  co_return;
}

void with_messages(MessageReader& reader, MessageWriter& writer, const Message& message) {
  reader.read();          // says: co_await it
  writer.write(message);  // says: co_await it
}

void in_a_thread(KindsBlockingClient& kinds, Server& server, const Number& number) {
  server.start();       // says: nodiscard
  kinds.Unary(number);  // says: nodiscard
  auto stream = kinds.Both();
  stream.read();    // says: is lost
  stream.finish();  // says: nodiscard
}

}  // namespace weft::misuse
