#include "weft/rpc/call/message/message_stream.h"

#include <string>

#include "weft/base/fatal.h"

namespace weft::rpc {
namespace {

[[noreturn]] void used_after_its_end() noexcept {
  fatal(
      "a Reader or Writer was used after its call had ended: a Task that uses it was kept for "
      "longer than the handler or the stream object it came from");
}

struct EndedReader final : MessageReader {
  Poll poll(Message&) override { used_after_its_end(); }
  void wait(Waiter&) noexcept override { used_after_its_end(); }
  bool unwait() noexcept override { used_after_its_end(); }
};
struct EndedWriter final : MessageWriter {
  Poll offer(const Message&) override { used_after_its_end(); }
  void wait(Waiter&) noexcept override { used_after_its_end(); }
  bool unwait() noexcept override { used_after_its_end(); }
};
constinit EndedReader ended_reader;
constinit EndedWriter ended_writer;

}  // namespace

void second_waiter(std::string_view of) noexcept {
  fatal("a second coroutine waits for " + std::string(of) +
        ": a stream has one reader and one writer at a time, so await the one before the next "
        "begins");
}

void still_waited_for(std::string_view path) noexcept {
  fatal(std::string(path) +
        ": a coroutine still waits to read from or write to the stream of this call, which ends: a "
        "Task was kept for longer than the handler or the stream object it came from; join its "
        "Scope before");
}

void forget_ended(MessageReader*& messages) noexcept {
  // Volatile, since a compiler knows that the object which has the pointer is about to go.
  *const_cast<MessageReader* volatile*>(&messages) = &ended_reader;
}
void forget_ended(MessageWriter*& messages) noexcept {
  *const_cast<MessageWriter* volatile*>(&messages) = &ended_writer;
}

}  // namespace weft::rpc
