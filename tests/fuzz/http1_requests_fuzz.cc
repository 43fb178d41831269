// What a client of HTTP/1.1 sends, read as the server reads it: the result does not depend on how
// the bytes are cut, and another parser, http-parser, sees the same requests in what was taken.
//
// Input: a byte that says how long the pieces are, then the bytes of a connection.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/http1/message/chunk_decoder.h"
#include "weft/http1/message/head_scanner.h"
#include "weft/http1/message/parse_head.h"

#ifdef WEFT_HAS_HTTP_PARSER
#include <http_parser.h>
#endif

namespace {

using namespace weft::http1;

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", rule);
  std::abort();
}

struct Message {
  std::string method, target, content;
  std::size_t fields = 0;
  bool operator==(const Message&) const = default;
};

/// What there is on a connection: whole messages, how many bytes they take, and whether it goes on.
struct Connection {
  std::vector<Message> messages;
  std::size_t taken = 0;
  int refused = 0;
  bool confusing = false;  // to the other parser
  bool operator==(const Connection&) const = default;
};

/// Reads pieces of `step` bytes.
class Reader {
 public:
  explicit Reader(std::size_t step) : step_(step) {}

  Connection read(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size() && result_.refused == 0 && !tunnel_; at += step_) {
      held_.append(bytes.substr(at, step_));
      while (advance()) {
      }
    }
    return result_;
  }

 private:
  bool advance() { return in_content_ ? take_content() : take_head(); }

  bool take_head() {
    if (result_.refused != 0 || tunnel_) return false;
    switch (scanner_.scan(held_)) {
      case HeadScanner::Outcome::NeedMore:
        return false;
      case HeadScanner::Outcome::Refused:
        result_.refused = scanner_.fault().status;
        return false;
      case HeadScanner::Outcome::Complete:
        break;
    }
    const std::size_t begin = scanner_.begin();
    const std::string text = held_.substr(begin, scanner_.end() - begin);
    size_ = scanner_.end();
    held_.erase(0, scanner_.end());
    scanner_.restart();
    RequestHead head;
    if (const Fault fault = parse_request(text, head)) {
      require(!fault.why.empty(), "a fault says why");
      result_.refused = fault.status;
      return false;
    }
    check(head);
    for (const auto& [name, value] : head.fields) {
      // It takes longer names for these.
      result_.confusing |= (name.starts_with("transfer-encoding") && name.size() != 17) ||
                           (name.starts_with("content-length") && name.size() != 14);
    }
    message_ = {std::string(head.method), std::string(head.target), {}, head.fields.size()};
    tunnel_ = head.method == "CONNECT" || !head.upgrade.empty();
    framing_ = head.framing;
    decoder_.emplace(kChunks);
    in_content_ = true;
    return true;
  }

  static void check(const RequestHead& head) {
    require(head.framing.by != Framing::By::Close, "a request does not end with the connection");
    require(head.version == Version::Http11 || head.framing.by != Framing::By::Chunks,
            "HTTP/1.0 has no chunks");
    std::size_t hosts = 0;
    for (const auto& [name, value] : head.fields) {
      if (name == "host") ++hosts;
      require(!name.empty(), "fields have names");
      for (const char c : name) require(c > 0x20 && c < 0x7f && (c < 'A' || c > 'Z'), "of tokens");
      for (const char c : value)
        require(c != '\r' && c != '\n' && c != '\0', "and values of a line");
    }
    require(hosts == 1 || head.version == Version::Http10, "there is one Host");
  }

  bool take_content() {
    std::string_view bytes = held_;
    bool ended = framing_.by == Framing::By::Nothing;
    if (framing_.by == Framing::By::Length) {
      const std::size_t n = std::min<std::uint64_t>(framing_.length, bytes.size());
      message_.content += bytes.substr(0, n);
      framing_.length -= n;
      bytes.remove_prefix(n);
      ended = framing_.length == 0;
    } else if (framing_.by == Framing::By::Chunks) {
      std::string_view content;
      ChunkDecoder::Outcome outcome;
      while ((outcome = decoder_->next(bytes, content)) == ChunkDecoder::Outcome::Content) {
        message_.content += content;
      }
      if (outcome == ChunkDecoder::Outcome::Refused) result_.refused = decoder_->fault().status;
      ended = outcome == ChunkDecoder::Outcome::End;
    }
    size_ += held_.size() - bytes.size();
    held_.erase(0, held_.size() - bytes.size());
    if (!ended) return false;
    in_content_ = false;
    result_.messages.push_back(std::move(message_));
    result_.taken += size_;
    return true;
  }

  static constexpr HeadLimits kHead{};
  static constexpr ChunkLimits kChunks{};
  const std::size_t step_;
  Connection result_;
  std::string held_;
  HeadScanner scanner_{kHead, HeadScanner::Of::Request};
  bool in_content_ = false;
  bool tunnel_ = false;
  std::size_t size_ = 0;
  Message message_;
  Framing framing_;
  std::optional<ChunkDecoder> decoder_;
};

#ifdef WEFT_HAS_HTTP_PARSER
struct Others {
  std::vector<Message> messages;
};

int append_target(http_parser* parser, const char* at, std::size_t size) {
  static_cast<Others*>(parser->data)->messages.back().target.append(at, size);
  return 0;
}
int append_content(http_parser* parser, const char* at, std::size_t size) {
  static_cast<Others*>(parser->data)->messages.back().content.append(at, size);
  return 0;
}
int begin_message(http_parser* parser) {
  static_cast<Others*>(parser->data)->messages.emplace_back();
  return 0;
}
int end_headers(http_parser* parser) {
  static_cast<Others*>(parser->data)->messages.back().method =
      http_method_str(static_cast<http_method>(parser->method));
  return 0;
}

/// It knows only some methods, and looks into targets more closely.
bool is_its_own(http_errno error) {
  return error == HPE_INVALID_METHOD || error == HPE_INVALID_URL || error == HPE_INVALID_HOST ||
         error == HPE_INVALID_PORT || error == HPE_INVALID_PATH;
}

void compare(std::string_view taken, const Connection& ours) {
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_message_begin = begin_message;
  settings.on_url = append_target;
  settings.on_headers_complete = end_headers;
  settings.on_body = append_content;
  http_parser parser;
  http_parser_init(&parser, HTTP_REQUEST);
  Others theirs;
  parser.data = &theirs;
  const std::size_t read = http_parser_execute(&parser, &settings, taken.data(), taken.size());
  const http_errno error = HTTP_PARSER_ERRNO(&parser);
  if (is_its_own(error) || parser.upgrade != 0) return;
  // After "Connection: close" it takes nothing more, as the server does, which this reader is not.
  if (error == HPE_CLOSED_CONNECTION) return;
  require(error == HPE_OK && read == taken.size(), "another parser takes what ours takes");
  require(theirs.messages.size() == ours.messages.size(), "and sees as many requests");
  for (std::size_t i = 0; i < theirs.messages.size(); ++i) {
    require(theirs.messages[i].method == ours.messages[i].method, "with the same methods");
    require(theirs.messages[i].target == ours.messages[i].target, "the same targets");
    require(theirs.messages[i].content == ours.messages[i].content, "and the same contents");
  }
}
#endif

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Connection whole = Reader(bytes.size() + 1).read(bytes);
  const Connection cut = Reader(data[0] % 16 + 1).read(bytes);
  require(whole == cut, "the result does not depend on how the bytes are cut");
#ifdef WEFT_HAS_HTTP_PARSER
  if (!whole.confusing) compare(bytes.substr(0, whole.taken), whole);
#endif
  return 0;
}
