#include "weft/http1/message/chunk_decoder.h"

#include <algorithm>
#include <utility>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/http1/message/head_writer.h"
#include "weft/http1/message/parse_head.h"

namespace weft::http1 {
namespace {

using Outcome = ChunkDecoder::Outcome;

// RFC 9112 section 7.1: a size of more than 15 digits may be one that others read as another.
constexpr std::uint16_t kMostDigits = 15;

}  // namespace

Outcome ChunkDecoder::refuse(int status, std::string why) {
  fault_ = {status, std::move(why)};
  return Outcome::Refused;
}

Outcome ChunkDecoder::next(std::string_view& bytes, std::string_view& content) {
  while (!bytes.empty()) {
    if (state_ == State::Data) {
      content =
          bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
      bytes.remove_prefix(content.size());
      left_ -= content.size();
      if (left_ == 0) state_ = State::DataCr;
      return Outcome::Content;
    }
    if (state_ == State::Trailers) return take_trailers(bytes);
    if (take_usual(bytes)) continue;
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (step(c) == Outcome::Refused) return Outcome::Refused;
  }
  return Outcome::NeedMore;
}

/// What nearly all chunks have around them, where all of it is there: the end of the one before and
/// a size without extensions. Everything else, wrong or in pieces, is left to step().
bool ChunkDecoder::take_usual(std::string_view& bytes) noexcept {
  std::size_t at = state_ == State::DataCr && bytes.starts_with(kLineEnd) ? kLineEnd.size() : 0;
  if (at == 0 && (state_ != State::Size || digits_ != 0)) return false;
  const std::size_t begin = at;
  std::uint64_t size = 0;
  for (; at < bytes.size() && at - begin < kMostDigits; ++at) {
    const int digit = ascii::hex_value(bytes[at]);
    if (digit < 0) break;
    size = size << 4 | static_cast<std::uint64_t>(digit);
  }
  if (size == 0 || !bytes.substr(at).starts_with(kLineEnd)) return false;
  bytes.remove_prefix(at + kLineEnd.size());
  left_ = size;
  state_ = State::Data;
  return true;
}

Outcome ChunkDecoder::step(char c) {
  switch (state_) {
    case State::Size:
      return take_size(c);
    case State::Extension:
      return take_extension(c);
    case State::SizeLf:
      return end_size_line(c);
    case State::DataCr:
      return expect(c, '\r', State::DataLf);
    case State::DataLf:
      begin_size();
      return expect(c, '\n', State::Size);
    default:
      return Outcome::NeedMore;
  }
}

void ChunkDecoder::begin_size() noexcept {
  digits_ = 0;
  line_ = 0;
  left_ = 0;
}

Outcome ChunkDecoder::take_size(char c) {
  const int digit = ascii::hex_value(c);
  if (digit >= 0) {
    if (++digits_ > kMostDigits) {
      return refuse(400, "a chunk's size has more than " + std::to_string(kMostDigits) + " digits");
    }
    left_ = left_ << 4 | static_cast<std::uint64_t>(digit);
    ++line_;
    return Outcome::NeedMore;
  }
  if (digits_ == 0 || (c != '\r' && c != ';')) {
    return refuse(400, "a chunk's size has '" + printable({&c, 1}) +
                           "' where hexadecimal digits, ';' or CRLF are due");
  }
  state_ = State::Extension;
  extension_.restart();
  return take_extension(c);
}

/// RFC 9112 section 7.1.1: they are ignored, once they are known to be some. No white space before
/// the first, and no control characters in them, where parsers differ.
Outcome ChunkDecoder::take_extension(char c) {
  if (c == '\r') {
    if (!extension_.may_end()) {
      return refuse(400, "a chunk's extension ends where its name or its value is due");
    }
    state_ = State::SizeLf;
    return Outcome::NeedMore;
  }
  if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) {
    return refuse(400,
                  "a chunk's extension has the control character '" + printable({&c, 1}) + "'");
  }
  if (++line_ > limits_.size_line || ++extensions_ > limits_.extensions) {
    return refuse(400, "chunk extensions are longer than the limits of " +
                           std::to_string(limits_.size_line) + " bytes for one chunk and " +
                           std::to_string(limits_.extensions) + " for a message");
  }
  if (extension_.take(c)) return Outcome::NeedMore;
  return refuse(400, "a chunk's extension has '" + printable({&c, 1}) +
                         "' where ';name=value' does not (RFC 9112 section 7.1.1)");
}

Outcome ChunkDecoder::end_size_line(char c) {
  return expect(c, '\n', left_ == 0 ? State::Trailers : State::Data);
}

Outcome ChunkDecoder::expect(char c, char due, State then) {
  if (c != due) {
    return refuse(400, "'" + printable({&c, 1}) + "' where the CRLF of a chunk is due");
  }
  state_ = then;
  return Outcome::NeedMore;
}

Outcome ChunkDecoder::take_trailers(std::string_view& bytes) {
  if (trailers_ == nullptr && bytes.starts_with("\r\n")) {
    bytes.remove_prefix(2);
    state_ = State::End;
    return Outcome::End;
  }
  if (trailers_ == nullptr) trailers_ = std::make_unique<Trailers>(limits_.trailers);
  std::string& text = trailers_->text;
  const std::size_t before = text.size();
  // One more than the limit shows the scanner that it is exceeded.
  text.append(bytes.substr(0, limits_.trailers.size + 1 - before));
  const HeadScanner::Outcome found = trailers_->scanner.scan(text);
  if (found == HeadScanner::Outcome::Refused) {
    return refuse(trailers_->scanner.fault().status, "trailers: " + trailers_->scanner.fault().why);
  }
  if (found == HeadScanner::Outcome::NeedMore) {
    bytes.remove_prefix(text.size() - before);
    return Outcome::NeedMore;
  }
  text.resize(trailers_->scanner.end());
  bytes.remove_prefix(text.size() - before);
  if (Fault fault = parse_trailers(text, trailers_->parsed)) {
    return refuse(fault.status, "trailers: " + fault.why);
  }
  state_ = State::End;
  return Outcome::End;
}

rpc::HttpFields ChunkDecoder::trailers() const noexcept {
  return trailers_ == nullptr ? rpc::HttpFields() : rpc::HttpFields(trailers_->parsed.fields);
}

std::size_t ChunkDecoder::memory() const noexcept {
  if (trailers_ == nullptr) return 0;
  return sizeof(Trailers) + trailers_->text.capacity() + trailers_->parsed.text.capacity() +
         trailers_->parsed.fields.capacity() * sizeof(rpc::HttpField);
}

}  // namespace weft::http1
