#include "weft/http1/server/internal/served_response.h"

#include <charconv>
#include <cstring>

#include "weft/base/log.h"
#include "weft/base/text/http_date.h"
#include "weft/base/text/printable.h"
#include "weft/http1/message/head_writer.h"

namespace weft::http1 {
namespace {

/// What heads are made in.
std::string& scratch() {
  thread_local std::string head;
  head.clear();
  return head;
}

bool read_length(std::string_view text, std::uint64_t& length) noexcept {
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, length);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

}  // namespace

bool ServedResponse::is_tunnel() const noexcept {
  return status_ == 101 || (request_.method == "CONNECT" && status_ < 300);
}

/// RFC 9110 section 6.4.1.
bool ServedResponse::has_no_content() const noexcept {
  return request_.method == "HEAD" || status_ == 204 || status_ == 304;
}

Status ServedResponse::check_switch() const {
  if (request_.upgrade.empty()) {
    return invalid_argument("the response status 101: the request asks for no upgrade");
  }
  const bool has_content =
      request_.framing.by == Framing::By::Chunks || request_.framing.length != 0;
  if (has_content) {
    return invalid_argument("the response status 101: the request has content");
  }
  return {};
}

/// RFC 9110 section 7.8: only what the client has offered.
bool ServedResponse::chooses_protocol(const rpc::HttpField& field) const noexcept {
  return field.name == "upgrade" && !field.value.empty() &&
         lists_token(request_.upgrade, field.value);
}

Status ServedResponse::check(int status, rpc::HttpFields fields) {
  if (status == 101) {
    if (Status switches = check_switch(); !switches.ok()) return switches;
  } else if (status < 200 || status > 599) {
    return invalid_argument("the response status " + std::to_string(status) +
                            " is not from 200 to 599");
  }
  bool has_length = false;
  for (const rpc::HttpField& field : fields) {
    if (status == 101 && chooses_protocol(field)) {
      protocol_chosen_ = true;
      continue;
    }
    if (Status valid = check_field(field); !valid.ok()) return valid;
    if (field.name != "content-length") continue;
    if (std::exchange(has_length, true) || !read_length(field.value, left_)) {
      return invalid_argument("the response field content-length '" +
                              printable(field.value.substr(0, 64)) + "' is not one number");
    }
  }
  if (has_length) body_ = Body::Length;
  return {};
}

Status ServedResponse::begin(int status, rpc::HttpFields fields) {
  if (begun()) return failed_precondition("the response has begun before");
  if (Status valid = check(status, fields); !valid.ok()) {
    body_ = Body::Undecided;
    return valid;
  }
  if (closed_) return cancelled("the connection to the client was lost");
  status_ = status;
  if (is_tunnel()) {
    body_ = Body::Raw;
  } else if (has_no_content() && body_ == Body::Undecided) {
    body_ = Body::None;
  }
  std::string& head = scratch();
  append_status_line(head, status_);
  write_fields(head, fields);
  if (body_ == Body::Undecided) {
    // Whether it needs chunks shows with its first content.
    waiting_head_ = head;
    sink_.flush_later();
  } else {
    write_head(head);
  }
  return {};
}

void ServedResponse::write_fields(std::string& head, rpc::HttpFields fields) {
  bool has_date = false;
  for (const rpc::HttpField& field : fields) {
    has_date = has_date || field.name == "date";
    // RFC 9110 section 8.6: neither of them has one.
    const bool no_length = status_ == 204 || is_tunnel();
    if (no_length && field.name == "content-length") continue;
    append_field(head, field.name, field.value);
  }
  // RFC 9110 section 6.6.1.
  if (!has_date && status_ != 101) append_field(head, "date", current_http_date());
}

/// Ends the head `head`, whose content is decided.
void ServedResponse::write_head(std::string& head) {
  if (status_ == 101) {
    if (!protocol_chosen_) {
      append_field(head, "upgrade", first_of_list(request_.upgrade));
    }
    head.append("connection: upgrade\r\n");
  } else if (!is_tunnel() && !sink_.persists()) {
    head.append("connection: close\r\n");
  } else if (!is_tunnel() && request_.version == Version::Http10) {
    head.append("connection: keep-alive\r\n");
  }
  head.append(kLineEnd);
  put(head);
  sink_.flush_later();
  if (is_tunnel()) return sink_.on_tunnel();
  if (has_no_content()) finish(true);
}

void ServedResponse::commit_head() {
  if (begun() && body_ == Body::Undecided) decide(false, 0);
}

/// How the content of a response without content-length ends. `is_whole`: it has `size` bytes.
void ServedResponse::decide(bool is_whole, std::size_t size) {
  std::string head = std::move(waiting_head_);
  waiting_head_ = {};
  if (is_whole) {
    body_ = Body::Length;
    left_ = size;
    append_field(head, "content-length", std::uint64_t{size});
  } else if (request_.version == Version::Http11) {
    body_ = Body::Chunks;
    head.append("transfer-encoding: chunked\r\n");
  } else {
    body_ = Body::Raw;
    sink_.on_unframed_response();
  }
  write_head(head);
}

MessageWriter::Poll ServedResponse::offer(const Message& message) {
  if (closed_) return Poll::Closed;
  // What HEAD and the like do not have is dropped.
  if (ended_) return begun() && has_no_content() ? Poll::Accepted : Poll::Closed;
  if (!begun() && !begin(200, {}).ok()) return Poll::Closed;
  if (ended_) return Poll::Accepted;
  if (sink_.output_full()) return Poll::Blocked;
  if (body_ == Body::Undecided) decide(message.last(), message.size());
  if (body_ == Body::Length && message.size() > left_) {
    log(LogLevel::Error, "the handler of " + printable(request_.path.substr(0, 64)) +
                             " gives more content than its content-length says");
    finish(false);
    return Poll::Closed;
  }
  write(message);
  return Poll::Accepted;
}

void ServedResponse::write(const Message& message) {
  const std::size_t size = message.size();
  if (body_ == Body::Chunks && size != 0) {
    std::string& line = scratch();
    append_chunk_size(line, size);
    put(line);
  }
  if (size != 0) {
    sink_.output().append(message.to_bytes());
    if (sink_.output().lent()) sink_.output().own();
    if (body_ == Body::Length) left_ -= size;
    if (body_ == Body::Chunks) put(kLineEnd);
  }
  sink_.flush_later();
  if (message.last()) static_cast<void>(end({}));
}

void ServedResponse::answer(int status, std::string_view text) {
  const std::string length = std::to_string(text.size());
  const rpc::HttpField fields[] = {{"content-type", "text/plain; charset=utf-8"},
                                   {"content-length", length},
                                   {"retry-after", rpc::kRetryAfter}};
  if (!begin(status, rpc::HttpFields(fields).first(status == 503 ? 3 : 2)).ok() || ended_) return;
  write(Message(Bytes::copy_of(text)).mark_last());
}

Status ServedResponse::end(rpc::HttpFields trailers) {
  if (!begun()) return failed_precondition("the response has not begun");
  for (const rpc::HttpField& field : trailers) {
    if (Status valid = check_field(field); !valid.ok()) return valid;
  }
  if (ended_) return {};
  if (closed_) return cancelled("the connection to the client was lost");
  if (body_ == Body::Undecided) decide(trailers.empty(), 0);
  if (body_ == Body::Chunks) {
    std::string& last = scratch();
    append_last_chunk(last, trailers);
    put(last);
    sink_.flush_later();
  }
  const bool whole = body_ != Body::Length || left_ == 0;
  if (!whole) {
    log(LogLevel::Error, "the handler of " + printable(request_.path.substr(0, 64)) + " gives " +
                             std::to_string(left_) + " bytes less than its content-length says");
  }
  finish(whole);
  return {};
}

void ServedResponse::finish(bool whole) {
  ended_ = true;
  wake();
  sink_.on_response_end(whole);
}

void ServedResponse::close() noexcept {
  closed_ = true;
  wake();
}

void ServedResponse::put(std::string_view text) {
  std::uint8_t* const place = sink_.output().reserve(text.size());
  std::memcpy(place, text.data(), text.size());
  sink_.output().commit(text.size());
}

void ServedResponse::wait(Waiter& waiter) noexcept {
  if (closed_ || ended_) return loop_.ready(waiter);
  rpc::keep_waiter(waiting_, waiter, "room for the content of an HTTP response");
}

void ServedResponse::wake() noexcept {
  if (Waiter* const woken = std::exchange(waiting_, nullptr); woken != nullptr) loop_.ready(*woken);
}

}  // namespace weft::http1
