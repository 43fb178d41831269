#include "weft/http1/client/internal/response_parser.h"

#include <algorithm>
#include <utility>

#include "weft/base/text/printable.h"
#include "weft/http1/message/parse_head.h"

namespace weft::http1 {
namespace {

HeadLimits limits_of(const ClientOptions& options) {
  return {.size = options.max_head, .line = options.max_head, .fields = options.max_fields};
}

ChunkLimits chunk_limits_of(const ClientOptions& options) {
  ChunkLimits limits;
  limits.trailers = limits_of(options);
  return limits;
}

Fields copy_of(rpc::HttpFields fields) {
  Fields out;
  out.reserve(fields.size());
  for (const rpc::HttpField& field : fields) out.add(field.name, field.value);
  return out;
}

}  // namespace

ResponseParser::ResponseParser(const ClientOptions& options, std::string method)
    : method_(std::move(method)),
      head_limits_(limits_of(options)),
      chunk_limits_(chunk_limits_of(options)),
      max_interim_(options.max_interim) {}

ResponseParser::Step ResponseParser::refuse(std::string why) {
  why_ = std::move(why);
  return {.outcome = Outcome::Refused};
}

ResponseParser::Step ResponseParser::next(std::string_view bytes) {
  switch (state_) {
    case State::Head:
      return next_head(bytes);
    case State::Chunks:
      return next_chunk(bytes);
    case State::End:
      return {.outcome = Outcome::End};
    default:
      break;
  }
  if (state_ == State::Length && left_ == 0) {
    state_ = State::End;
    return {.outcome = Outcome::End};
  }
  if (bytes.empty()) return {};
  const std::size_t size =
      state_ == State::Length
          ? static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()))
          : bytes.size();
  left_ -= state_ == State::Length ? size : 0;
  return {.outcome = Outcome::Content, .content = size};
}

ResponseParser::Step ResponseParser::next_head(std::string_view bytes) {
  constexpr std::string_view kBegin = "HTTP/";
  if (!kBegin.starts_with(bytes.substr(0, kBegin.size()))) {
    return refuse("it does not answer in HTTP/1.1: '" + printable(bytes.substr(0, 32)) + "'");
  }
  const HeadScanner::Outcome found = scanner_.scan(bytes);
  if (found == HeadScanner::Outcome::NeedMore) return {};
  if (found == HeadScanner::Outcome::Refused) return refuse(scanner_.fault().why);
  const std::size_t size = scanner_.end();
  const std::size_t begin = scanner_.begin();
  if (Fault fault =
          parse_response(std::string(bytes.substr(begin, size - begin)), method_, head_)) {
    return refuse(std::move(fault.why));
  }
  if (head_.is_interim()) return next_interim(size);
  left_ = head_.framing.length;
  switch (head_.framing.by) {
    case Framing::By::Nothing:
      state_ = State::End;
      break;
    case Framing::By::Length:
      state_ = State::Length;
      break;
    case Framing::By::Chunks:
      state_ = State::Chunks;
      break;
    case Framing::By::Close:
      state_ = State::Close;
      break;
  }
  return {.outcome = Outcome::Head, .skip = size};
}

ResponseParser::Step ResponseParser::next_interim(std::size_t size) {
  if (head_.status == 101) return refuse("it answered 101, and no other protocol was asked for");
  if (++interim_ > max_interim_) {
    return refuse("it sent more than " + std::to_string(max_interim_) +
                  " interim responses (ClientOptions::max_interim)");
  }
  scanner_.restart();
  return {.outcome = Outcome::Interim, .skip = size};
}

ResponseParser::Step ResponseParser::next_chunk(std::string_view bytes) {
  std::string_view rest = bytes;
  std::string_view content;
  switch (chunks_.next(rest, content)) {
    case ChunkDecoder::Outcome::Refused:
      return refuse(chunks_.fault().why);
    case ChunkDecoder::Outcome::Content:
      return {.outcome = Outcome::Content,
              .skip = static_cast<std::size_t>(content.data() - bytes.data()),
              .content = content.size()};
    case ChunkDecoder::Outcome::End:
      state_ = State::End;
      return {.outcome = Outcome::End, .skip = bytes.size() - rest.size()};
    case ChunkDecoder::Outcome::NeedMore:
      break;
  }
  return {.skip = bytes.size() - rest.size()};
}

ResponseParser::Outcome ResponseParser::end_of_stream(std::string_view bytes) {
  if (state_ == State::Close && bytes.empty()) state_ = State::End;
  if (state_ == State::End) return Outcome::End;
  why_ = "it closed the connection where " + std::string(expected()) + " was due";
  if (state_ == State::Length) why_ += ": " + std::to_string(left_) + " bytes are missing";
  return Outcome::Refused;
}

void ResponseParser::take_head(ResponseInfo& into) const {
  into.status = head_.status;
  into.reason = std::string(head_.reason);
  into.fields = copy_of(head_.fields);
}

std::optional<std::uint64_t> ResponseParser::length() const noexcept {
  if (head_.framing.by != Framing::By::Length) return {};
  return head_.framing.length;
}

bool ResponseParser::keeps_connection() const noexcept {
  return at_end() && head_.persistent && head_.version == Version::Http11 &&
         head_.framing.by != Framing::By::Close;
}

Fields ResponseParser::trailers() const {
  if (!at_end() || head_.framing.by != Framing::By::Chunks) return {};
  return copy_of(chunks_.trailers());
}

std::string_view ResponseParser::expected() const noexcept {
  switch (state_) {
    case State::Head:
      return scanner_.has_begun() ? "the rest of the response's head" : "a response";
    case State::Chunks:
      return "the rest of the body's chunks";
    default:
      return "the rest of the body";
  }
}

}  // namespace weft::http1
