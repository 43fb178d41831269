#include "weft/rpc/call/message/coded_message.h"

#include <exception>
#include <new>
#include <string>
#include <utility>

#include <google/protobuf/message_lite.h>

#include "weft/base/log/log_value.h"
#include "weft/coro/executor.h"
#include "weft/net/loop/loop.h"
#include "weft/rpc/connection/internal/read_budget.h"
#include "weft/rpc/grpc/internal/log_limit.h"

namespace weft::rpc {
namespace {

using google::protobuf::MessageLite;

/// "a pkg.Type cannot be written as json".
std::string cannot_write(const Codec& codec, const MessageLite& object) {
  return "a " + object.GetTypeName() + " cannot be written as " + std::string(codec.name());
}

/// "17 bytes of json are not a pkg.Type".
std::string cannot_read(const Codec& codec, const Message& message, const MessageLite& into) {
  return std::to_string(message.size()) + " bytes of " + std::string(codec.name()) + " are not a " +
         into.GetTypeName();
}

/// What a codec says is INTERNAL to the peer, but for what it has no memory or no room for.
Status failed(const std::string& what, const Status& why) {
  const StatusCode code = why.code() == StatusCode::ResourceExhausted
                              ? StatusCode::ResourceExhausted
                              : StatusCode::Internal;
  return Status(code, what + ": " + std::string(why.message()));
}

/// The peer is not told what an exception says: that may be nobody's business but ours.
void log_thrown(const std::string& what, std::string_view text) {
  thread_local LogLimit limit;
  Executor::leave_user_code();
  const net::Loop* const loop = net::Loop::current();
  limit.log(LogLevel::Error, loop == nullptr ? TimePoint{} : loop->now(),
            what + ": the codec threw: " + log_value(text));
}

/// The status of the exception that is being handled.
template <class What>
Status of_exception(What&& what) noexcept {
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return resource_exhausted("there is no memory for the message");
  } catch (const std::exception& error) {
    log_thrown(what(), error.what());
  } catch (...) {
    log_thrown(what(), "something that is no std::exception");
  }
  return internal_error(what() + ": the codec threw an exception");
}

Status checked_decode(const Codec& codec, const Message& message, MessageLite& into) {
  Status status = codec.decode(message, into);
  if (!status.ok()) return failed(cannot_read(codec, message, into), status);
  if (into.IsInitialized()) return {};
  return internal_error(cannot_read(codec, message, into) +
                        ": missing required fields: " + into.InitializationErrorString());
}

/// Counts as its loop's work what takes place meanwhile; twice, as the object will be destroyed
/// too.
class Work {
 public:
  explicit Work(const Message& message) noexcept
      : loop_(message.size() <= ReadBudget::kSmall ? nullptr : net::Loop::current()) {
    if (loop_ != nullptr) began_ = loop_->now();
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;
  ~Work() {
    if (loop_ != nullptr) loop_->add_work(2 * net::Loop::work_of(loop_->now() - began_));
  }

 private:
  net::Loop* loop_;
  TimePoint began_{};
};

}  // namespace

Result<Message> encode(const Codec& codec, const MessageLite& object) noexcept {
  try {
    Result<Message> encoded = codec.encode(object);
    if (encoded.ok()) return encoded;
    return failed(cannot_write(codec, object), encoded.status());
  } catch (...) {
    return of_exception([&] { return cannot_write(codec, object); });
  }
}

Status decode(const Codec& codec, const Message& message, MessageLite& into) noexcept {
  const Work work(message);
  try {
    into.Clear();
    // A transport without a wire may pass on what the other side borrows.
    if (!message.is_bytes()) return checked_decode(codec, Message(message.to_bytes()), into);
    return checked_decode(codec, message, into);
  } catch (...) {
    return of_exception([&] { return cannot_read(codec, message, into); });
  }
}

MessageWriter::Poll offer_coded(const Codec& codec, const MessageLite& object, CodedOptions options,
                                std::unique_ptr<Message>& encoded, MessageWriter& writer,
                                Context& context) {
  if (encoded == nullptr) {
    Result<Message> made = encode(codec, object);
    if (!made.ok()) {
      Executor::leave_user_code();
      context.cancel(std::move(made).status());
      return MessageWriter::Poll::Closed;
    }
    encoded = std::make_unique<Message>(*std::move(made));
    encoded->set_uncompressed(options.uncompressed);
    if (options.last) encoded->set_last();
  }
  return writer.offer(*encoded);
}

}  // namespace weft::rpc
