#include "weft/http2/hpack/internal/text.h"
#include "weft/http2/session/internal/session_impl.h"

namespace weft::http2 {

using internal::MessageHead;
using internal::Section;
using internal::text;

namespace {

/// The field block fragment within a HEADERS payload (RFC 9113 section 6.2).
struct Fragment {
  ErrorCode fault = ErrorCode::NoError;
  bool depends_on_itself = false;
  std::span<const std::uint8_t> bytes;
};

///   [pad length(8)] [exclusive(1) dependency(31) weight(8)] fragment [padding]
Fragment fragment_of(const FrameHeader& header, std::span<const std::uint8_t> payload) {
  const std::size_t prefix =
      (header.has(flag::kPadded) ? 1U : 0U) + (header.has(flag::kPriority) ? 5U : 0U);
  Fragment fragment;
  if (payload.size() < prefix) {
    // Section 4.2: "too small to contain mandatory frame data".
    fragment.fault = ErrorCode::FrameSizeError;
    return fragment;
  }
  const std::size_t padding = header.has(flag::kPadded) ? payload[0] : 0U;
  if (payload.size() < prefix + padding) {
    // Section 6.2: padding beyond the payload "MUST be treated as a connection error".
    fragment.fault = ErrorCode::ProtocolError;
    return fragment;
  }
  if (header.has(flag::kPriority)) {
    const std::uint8_t* dependency = payload.data() + prefix - 5;
    fragment.depends_on_itself = (read_u32(dependency) & kLargestStreamId) == header.stream_id;
  }
  fragment.bytes = payload.subspan(prefix, payload.size() - prefix - padding);
  return fragment;
}

/// Without the views of `head`, which need not live as long.
const char* check_all(Section section, HeaderFields fields, MessageHead& head) {
  head = {};
  const char* fault = section == Section::Request    ? internal::check_request(fields, head)
                      : section == Section::Response ? internal::check_response(fields, head)
                                                     : internal::check_trailers(fields);
  head.authority = head.scheme = {};
  return fault;
}

/// Of fields whose beginning keeps the rules, and has made `head`, what follows it.
const char* check_rest(Section section, HeaderFields all, HeaderFields rest, MessageHead& head) {
  if (section == Section::Trailers) return internal::check_trailers(rest);
  for (const HeaderField& field : rest) {
    // Which is compared with :authority.
    if (field.token == Token::Host) [[unlikely]]
      return check_all(section, all, head);
  }
  return internal::check_regulars(rest, head);
}

/// What follows a known beginning and is no longer, a deadline say, is often the same for calls
/// that begin in one turn; a trace or an id is not.
constexpr std::size_t kShortRest = 16;

constexpr const char* kContentDiffers =
    "content-length differs from the DATA received (RFC 9113 section 8.1.1)";

}  // namespace

void Session::Impl::on_headers_frame(Payload payload) {
  const FrameHeader& header = reader_.header();
  constexpr std::uint8_t kPlain = flag::kEndHeaders;
  constexpr std::uint8_t kParts = kPlain | flag::kPadded | flag::kPriority;
  if ((header.flags & kParts) == kPlain) [[likely]] {
    return process_block(header.stream_id, header.has(flag::kEndStream), false, payload);
  }
  const Fragment fragment = fragment_of(header, payload);
  if (fragment.fault != ErrorCode::NoError) {
    return connection_error(fragment.fault,
                            text("the padding or priority of a HEADERS frame exceeds its ",
                                 header.length, " bytes (RFC 9113 section 6.2)"));
  }
  const bool end_stream = header.has(flag::kEndStream);
  if (header.has(flag::kEndHeaders)) [[likely]] {
    return process_block(header.stream_id, end_stream, fragment.depends_on_itself, fragment.bytes);
  }
  if (!block_.begin(header.stream_id, end_stream, fragment.depends_on_itself, fragment.bytes)) {
    header_block_too_long();
  }
}

void Session::Impl::on_continuation(Payload payload) {
  if (!block_.add(payload)) return header_block_too_long();
  if (!reader_.header().has(flag::kEndHeaders)) return;
  process_block(block_.stream_id(), block_.end_stream(), block_.depends_on_itself(),
                block_.bytes());
  block_.finish();
}

void Session::Impl::header_block_too_long() {
  connection_error(ErrorCode::EnhanceYourCalm,
                   text("a header block exceeds ", block_.limit(), " bytes or ",
                        internal::HeaderBlock::kMostContinuations,
                        " CONTINUATION frames (the limit follows from max_header_list_size)"));
}

/// One whole header block. It is decoded before anything else is asked, because a block that is not
/// decoded leaves the HPACK tables of the two sides apart (RFC 9113 section 4.3).
void Session::Impl::process_block(std::uint32_t id, bool end_stream, bool depends_on_itself,
                                  Payload block) {
  beginning_ = nullptr;
  const HpackDecoder::Outcome outcome = decode(block);
  if (outcome == HpackDecoder::Outcome::CompressionError) [[unlikely]] {
    return connection_error(
        ErrorCode::CompressionError,
        text("a header block does not decode: ", decoder_.error(), " (RFC 9113 section 4.3)"));
  }
  const bool too_large = outcome == HpackDecoder::Outcome::ListTooLarge;
  const char* fault = depends_on_itself ? kSelfDependency : nullptr;
  if (Record* stream = streams_.find(id)) {
    if (fault != nullptr) return stream_error(*stream, ErrorCode::ProtocolError, fault);
    return deliver_section(*stream, end_stream, too_large);
  }
  if (is_server() && (id & 1) != 0 && id > last_peer_id_) [[likely]] {
    return open_peer_stream(id, end_stream, too_large, fault);
  }
  on_closed_stream(id, "HEADERS");
}

/// Decodes the block, or finds what it decoded to before.
HpackDecoder::Outcome Session::Impl::decode(Payload block) {
  known_ = known_blocks_.find_recent(block);
  if (known_ != nullptr) [[likely]] {
    fields_ = known_->view();
    return HpackDecoder::Outcome::Ok;
  }
  return decode_further(block);
}

/// The same of a block that is none of those that came last.
HpackDecoder::Outcome Session::Impl::decode_further(Payload block) {
  beginning_ = known_blocks_.find_beginning(block);
  std::uint64_t hash = 0;
  const std::size_t rest = block.size() - (beginning_ == nullptr ? 0 : beginning_->bytes.size());
  const bool may_repeat = beginning_ == nullptr || rest <= kShortRest;
  if (may_repeat) {
    known_ = known_blocks_.find(block, hash);
    if (known_ != nullptr) {
      fields_ = known_->view();
      return HpackDecoder::Outcome::Ok;
    }
  }
  const std::uint32_t before = decoder_.table_changes();
  HpackDecoder::Outcome outcome;
  if (beginning_ == nullptr) {
    outcome = decoder_.decode(block);
  } else {
    outcome = decoder_.decode(block.subspan(beginning_->bytes.size()), beginning_->view(),
                              beginning_->list_size);
  }
  fields_ = decoder_.fields();
  if (decoder_.table_changes() != before) {
    known_blocks_.forget(beginning_);
  } else if (outcome == HpackDecoder::Outcome::Ok && may_repeat) {
    known_ = known_blocks_.learn(block, hash, fields_, beginning_);
  }
  return outcome;
}

/// Null when the fields keep the rules of the section, otherwise the rule that they break.
const char* Session::Impl::check(Section section, MessageHead& head) {
  if (known_ != nullptr && known_->section == section) [[likely]] {
    head = known_->head;
    return nullptr;
  }
  return check_further(section, head);
}

const char* Session::Impl::check_further(Section section, MessageHead& head) {
  internal::KnownBlock* const known = known_ != nullptr ? known_ : beginning_;
  if (known == nullptr) return check_all(section, fields_, head);
  if (known->section != section) {
    if (check_all(section, known->view(), known->head) != nullptr) {
      known->section = Section::Unchecked;
      return check_all(section, fields_, head);
    }
    known->section = section;
  }
  head = known->head;
  return check_rest(section, fields_, fields_.subspan(known->fields.size()), head);
}

void Session::Impl::open_peer_stream(std::uint32_t id, bool end_stream, bool too_large,
                                     const char* fault) {
  last_peer_id_ = id;
  // Section 6.8: streams above the id of our GOAWAY are not processed.
  if (refusing_) return refuse(id, ErrorCode::RefusedStream);
  if (streams_.size() >= local_.max_concurrent_streams) [[unlikely]] {
    // Section 5.1.2: PROTOCOL_ERROR or REFUSED_STREAM; the latter lets the peer try again. A peer
    // that has not seen our SETTINGS yet is not to blame.
    if (settings_acked_) count_reset();
    if (!broken_) refuse(id, ErrorCode::RefusedStream);
    return;
  }
  MessageHead head;
  if (fault == nullptr && !too_large) fault = check(Section::Request, head);
  if (fault == nullptr && end_stream && head.content_length > 0) fault = kContentDiffers;
  if (fault != nullptr) [[unlikely]] {
    // Section 8.1.1: malformed, a stream error PROTOCOL_ERROR. The owner never hears of it.
    count_reset();
    if (!broken_) refuse(id, ErrorCode::ProtocolError);
    return;
  }
  Record& stream = streams_.insert(id);
  stream.begin(id, peer_.initial_window_size, initial_receive_window_);
  stream.initial_received = true;
  if (!end_stream) stream.content_left = head.content_length;
  last_accepted_ = id;
  deliver(stream, HeadersKind::Initial, end_stream, too_large);
}

void Session::Impl::deliver_section(Record& stream, bool end_stream, bool too_large) {
  if (stream.peer_ended_) [[unlikely]] {
    // Section 5.1, half-closed (remote): a stream error STREAM_CLOSED.
    return stream_error(stream, ErrorCode::StreamClosed,
                        "HEADERS arrived after END_STREAM (RFC 9113 section 5.1)");
  }
  if (stream.initial_received) return deliver_trailers(stream, end_stream, too_large);
  if (!too_large) [[likely]]
    return deliver_response(stream, end_stream);
  stream.initial_received = true;
  stream.content_left = Record::kNoLength;
  deliver(stream, HeadersKind::Initial, end_stream, true);
}

void Session::Impl::deliver_response(Record& stream, bool end_stream) {
  MessageHead head;
  const char* fault = check(Section::Response, head);
  if (head.informational) {
    // Section 8.1: "A HEADERS frame with the END_STREAM flag set that carries an informational
    // status code is malformed".
    if (fault == nullptr && end_stream) {
      fault = "an informational response ends the stream (RFC 9113 section 8.1)";
    }
    if (fault != nullptr) return stream_error(stream, ErrorCode::ProtocolError, fault);
    count_empty_frame();
    if (broken_) return;
    return handler_.on_headers(stream, HeadersKind::Informational, fields_, false);
  }
  // Section 8.1.1: content-length need not match where a response never has content, but there
  // must be none then.
  const bool never_content = stream.head_request || head.never_content;
  stream.initial_received = true;
  stream.content_left = never_content ? 0 : head.content_length;
  if (fault == nullptr && end_stream && stream.content_left > 0) fault = kContentDiffers;
  if (fault != nullptr) return stream_error(stream, ErrorCode::ProtocolError, fault);
  deliver(stream, HeadersKind::Initial, end_stream, false);
}

void Session::Impl::deliver_trailers(Record& stream, bool end_stream, bool too_large) {
  MessageHead head;
  const char* fault = too_large ? nullptr : check(Section::Trailers, head);
  // Section 8.1: "MUST treat ... as malformed" when a HEADERS frame without END_STREAM follows the
  // final header section.
  if (!end_stream) fault = "trailers do not end the stream (RFC 9113 section 8.1)";
  if (fault == nullptr && stream.content_left > 0) fault = kContentDiffers;
  if (fault != nullptr) return stream_error(stream, ErrorCode::ProtocolError, fault);
  deliver(stream, HeadersKind::Trailers, true, too_large);
}

void Session::Impl::deliver(Record& stream, HeadersKind kind, bool end_stream, bool too_large) {
  abuse_.useful_frame();
  stream.peer_ended_ = end_stream;
  if (too_large) [[unlikely]] {
    handler_.on_headers_too_large(stream, kind, end_stream);
  } else {
    handler_.on_headers(stream, kind, fields_, end_stream);
  }
  finish_if_done(stream);
}

}  // namespace weft::http2
