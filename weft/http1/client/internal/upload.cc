#include "weft/http1/client/internal/upload.h"

#include <algorithm>
#include <array>
#include <utility>

#include "weft/http1/message/head_writer.h"

namespace weft::http1 {

void Upload::start(std::string head, const Request& request, Context* context) {
  head_ = std::move(head);
  body_ = request.bytes();
  source_ = request.source();
  if (source_ != nullptr) left_ = source_->size();
  write_now();
  if (state_ != State::Running) return;
  context_ = std::make_unique<Context>(context);
  // The reading of the response may go on in other contexts.
  context_->orphan();
  task_.emplace(run(*this));
  task_->start(context_.get(), {[](void*) noexcept {}, nullptr});
}

/// Small requests leave here, in one system call.
void Upload::write_now() {
  const std::array<iovec, 2> slices{
      iovec{.iov_base = head_.data(), .iov_len = head_.size()},
      iovec{.iov_base = const_cast<char*>(body_.data()), .iov_len = body_.size()}};
  net::IoResult result = connection_.write({slices.data(), body_.empty() ? 1U : 2U});
  if (result.kind == net::IoResult::Kind::Failed) return end(result.error);
  written_ = result.size;
  if (source_ == nullptr && written_ == head_.size() + body_.size()) end(Status());
}

Task<> Upload::run(Upload& self) {
  const Status status = co_await self.send_all();
  self.end(status);
}

void Upload::end(const Status& status) noexcept {
  state_ = status.ok() ? State::Sent : State::Failed;
  status_ = status;
  sent_at_ = connection_.loop().now();
  connection_.wake_reader();
}

Status Upload::fail(Status why) noexcept {
  fatal_ = true;
  return why;
}

Task<Status> Upload::send_all() {
  const std::string_view head = std::string_view(head_).substr(std::min(written_, head_.size()));
  const std::size_t of_body = written_ > head_.size() ? written_ - head_.size() : 0;
  Status status = co_await write(head, body_.view().substr(of_body), {});
  if (!status.ok() || source_ == nullptr) co_return status;
  co_return co_await send_source();
}

Task<Status> Upload::send_source() {
  for (;;) {
    Result<Bytes> part = co_await source_->next();
    if (!part.ok()) co_return fail(part.status().with_prefix("the request's body"));
    if (part->empty()) break;
    if (left_ && part->size() > *left_) {
      co_return fail(invalid_argument("the request's body is longer than its size() told"));
    }
    if (left_) *left_ -= part->size();
    Status status = co_await send_part(*part);
    if (!status.ok()) co_return status;
  }
  if (left_ && *left_ != 0) {
    co_return fail(invalid_argument("the request's body is " + std::to_string(*left_) +
                                    " bytes shorter than its size() told"));
  }
  if (left_) co_return Status();
  std::string last;
  append_last_chunk(last);
  co_return co_await write(last, {}, {});
}

Task<Status> Upload::send_part(const Bytes& part) {
  std::string before;
  if (!left_) append_chunk_size(before, part.size());
  co_return co_await write(before, part.view(), left_ ? std::string_view() : kLineEnd);
}

Task<Status> Upload::write(std::string_view first, std::string_view second,
                           std::string_view third) {
  std::array<std::string_view, 3> pieces{first, second, third};
  std::size_t next = 0;
  for (;;) {
    std::array<iovec, 3> slices;
    std::size_t count = 0;
    while (next < pieces.size() && pieces[next].empty()) ++next;
    for (std::size_t i = next; i < pieces.size(); ++i) {
      if (pieces[i].empty()) continue;
      slices[count++] = {.iov_base = const_cast<char*>(pieces[i].data()),
                         .iov_len = pieces[i].size()};
    }
    if (count == 0) co_return Status();
    net::IoResult result = connection_.write({slices.data(), count});
    if (result.kind == net::IoResult::Kind::Failed) co_return std::move(result.error);
    for (std::size_t i = next; i < pieces.size() && result.size != 0; ++i) {
      const std::size_t taken = std::min(result.size, pieces[i].size());
      pieces[i].remove_prefix(taken);
      result.size -= taken;
    }
    if (result.kind == net::IoResult::Kind::Done) continue;
    const TimePoint until = after(connection_.loop().now(), stall_);
    Status status = co_await connection_.writable(until);
    if (!status.ok()) co_return fail(std::move(status));
    if (connection_.loop().now() >= until) {
      co_return fail(deadline_exceeded("the server has taken nothing of the request for " +
                                       to_string(stall_) + " (ClientOptions::stall_timeout)"));
    }
  }
}

}  // namespace weft::http1
