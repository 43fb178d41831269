#include "weft/foreign/internal/client_link.h"

#include <utility>

#include "weft/net/socket/read_blocks.h"
#include "weft/rpc/server/handler.h"

namespace weft::foreign {
namespace {

constexpr std::size_t kBlock = std::size_t{16} << 10;
/// Blocks that one event reads; the rest waits for the next turn.
constexpr int kBlocksOfTurn = 8;
/// An output that was larger is given back when it is empty.
constexpr std::size_t kKeptOutput = std::size_t{64} << 10;

}  // namespace

ClientLink::ClientLink(net::Loop& loop, std::unique_ptr<net::Stream> stream,
                       std::unique_ptr<ClientFormat> format, const LinkLimits& limits,
                       std::string name)
    : loop_(loop),
      stream_(std::move(stream)),
      format_(std::move(format)),
      limits_(limits),
      name_(std::move(name)) {
  stream_->set_handler(this);
  stream_->want_read();
}

ClientLink::~ClientLink() { close(cancelled("the connection was closed")); }

// ---- Sending -----------------------------------------------------------------------------------

Status ClientLink::send(PendingCall& call, std::string_view name, const MessageTypes& types,
                        std::string_view message, std::uint64_t& id) {
  if (pending_.size() >= limits_.max_calls) {
    return resource_exhausted(std::to_string(pending_.size()) + " calls wait for " + name_ +
                              ", which is the limit (max_calls)");
  }
  if (output_.size() - sent_ > limits_.max_unsent_bytes) {
    return resource_exhausted(name_ + " does not read: " + std::to_string(output_.size() - sent_) +
                              " bytes of calls are not sent, and the limit is " +
                              std::to_string(limits_.max_unsent_bytes) + " (max_unsent_bytes)");
  }
  Status written = format_->call(next_id_, name, types, message, output_);
  if (!TurnEndHook::linked()) loop_.at_turn_end(*this);
  if (!written.ok()) return written;
  id = next_id_++;
  call.types = &types;
  pending_.emplace(id, &call);
  return {};
}

void ClientLink::write() noexcept {
  while (!broken_ && sent_ != output_.size()) {
    const iovec slice{output_.data() + sent_, output_.size() - sent_};
    const net::IoResult result = stream_->write({&slice, 1});
    if (result.kind == net::IoResult::Kind::WouldBlock) return stream_->want_write();
    if (result.kind != net::IoResult::Kind::Done) return lost(result.error.message());
    sent_ += result.size;
  }
  sent_ = 0;
  output_.clear();
  if (output_.capacity() > kKeptOutput) std::string().swap(output_);
}

// ---- Receiving ---------------------------------------------------------------------------------

void ClientLink::on_readable() noexcept {
  const bool goes_on = net::read_blocks<kBlock>(
      *stream_, kBlocksOfTurn, [this](std::string_view bytes) { return take_bytes(bytes); },
      [this](const net::IoResult& result) {
        lost(result.kind == net::IoResult::Kind::Failed ? result.error.message()
                                                        : "the server closed it");
      });
  if (!goes_on) return;
  stream_->want_read();
}

/// False where the connection is over.
bool ClientLink::take_bytes(std::string_view bytes) {
  try {
    format_->push(bytes);
    return take_answers();
  } catch (...) {
    close(rpc::status_of_exception(name_));
    return false;
  }
}

const MessageTypes* ClientLink::types_of(std::uint64_t id) const noexcept {
  const auto found = pending_.find(id);
  return found == pending_.end() ? nullptr : found->second->types;
}

bool ClientLink::take_answers() {
  for (;;) {
    Answer answer;
    switch (format_->next(*this, answer)) {
      case ClientFormat::Next::NeedMore:
        return true;
      case ClientFormat::Next::Broken:
        close(format_->error().with_prefix(name_));
        return false;
      case ClientFormat::Next::Answer:
        break;
    }
    const auto found = pending_.find(answer.id);
    // That of a call which nobody waits for any more.
    if (found == pending_.end()) continue;
    PendingCall& call = *found->second;
    pending_.erase(found);
    call.answer = std::move(answer);
    call.answered = true;
    call.wait.complete();
  }
}

// ---- The end -----------------------------------------------------------------------------------

void ClientLink::lost(std::string_view why) noexcept {
  close(Status(StatusCode::Unavailable,
               name_ + ": the connection was lost (" + std::string(why) +
                   "); it is not known whether the call had an effect",
               Origin::Transport));
}

void ClientLink::close(const Status& reason) noexcept {
  if (std::exchange(broken_, true)) return;
  TurnEndHook::unlink();
  stream_->set_handler(nullptr);
  stream_->close();
  for (const auto& [id, call] : std::exchange(pending_, {})) {
    call->answer.status = reason;
    call->answered = true;
    call->wait.complete();
  }
}

}  // namespace weft::foreign
