// The only file that sees Beast: its parser of start lines and fields, on whole heads. What it is
// laxer in than RFC 9112 is refused before, by HeadScanner, or after, by internal/meaning.h.
#include "weft/http1/message/parse_head.h"

#include <algorithm>
#include <utility>

#include <boost/beast/http/basic_parser.hpp>

#include "weft/base/text/ascii.h"
#include "weft/base/text/printable.h"
#include "weft/http1/message/internal/meaning.h"

namespace weft::http1 {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using beast::string_view;

std::string_view std_view(string_view text) noexcept { return {text.data(), text.size()}; }

/// Takes Beast's events into a Head. Its views point into the text that is parsed.
template <class Into, bool kIsRequest>
class Parser final : public beast::http::basic_parser<kIsRequest> {
 public:
  using Size = std::uint64_t;
  using Verb = beast::http::verb;

  explicit Parser(Into& into) : into_(into) {
    this->header_limit(static_cast<std::uint32_t>(into.text.size() + 1));
    this->skip(true);
  }

 private:
  void on_request_impl(Verb, string_view method, string_view target, int version,
                       error_code&) override {
    if constexpr (kIsRequest) {
      into_.method = std_view(method);
      into_.target = std_view(target);
    }
    note_version(version);
  }
  void on_response_impl(int status, string_view reason, int version, error_code&) override {
    if constexpr (!kIsRequest) {
      into_.status = status;
      into_.reason = std_view(reason);
    }
    note_version(version);
  }
  void on_field_impl(beast::http::field, string_view name, string_view value,
                     error_code&) override {
    char* const place = into_.text.data() + (name.data() - into_.text.data());
    for (std::size_t i = 0; i < name.size(); ++i) place[i] = ascii::lower(place[i]);
    into_.fields.push_back({std_view(name), std_view(value)});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<Size> const&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(Size, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(Size, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}

  void note_version(int version) noexcept {
    into_.version = version == 10 ? Version::Http10 : Version::Http11;
  }
  Into& into_;
};

/// "HTTP/2.0" and the like, as the part of a start line that says it.
bool is_version(std::string_view text) noexcept {
  return text.size() == 8 && text.starts_with("HTTP/") && ascii::is_digit(text[5]) &&
         text[6] == '.' && ascii::is_digit(text[7]);
}

/// `line` is the one that was not taken.
[[gnu::cold]] Fault fault_of(std::string_view line, bool is_first, bool is_request) {
  const std::string shown = "'" + printable(line.substr(0, 64)) + "'";
  if (!is_first) {
    return {400,
            "the field line " + shown +
                " is not 'name: value' with a token as its name, no space before the colon and "
                "no control characters, or its value is not one that this field may have"};
  }
  const std::string_view version =
      is_request ? line.substr(line.rfind(' ') + 1) : line.substr(0, line.find(' '));
  if (is_version(version) && version != "HTTP/1.1" && version != "HTTP/1.0") {
    return {505, "the version is " + std::string(version) + ", not HTTP/1.1 or HTTP/1.0"};
  }
  return {400, is_request ? "the request line " + shown + " is not 'METHOD target HTTP/1.1'"
                          : "the status line " + shown + " is not 'HTTP/1.1 200 reason'"};
}

/// A later minor version is taken as the one that is known (RFC 9110 section 6.2), which Beast does
/// not do.
template <bool kIsRequest>
void lower_minor_version(std::string& text) noexcept {
  const std::size_t end = std::min(text.find("\r\n"), text.size());
  const std::size_t begin = kIsRequest ? std::max<std::size_t>(end, 8) - 8 : 0;
  const std::string_view version = std::string_view(text).substr(begin, 8);
  if (is_version(version) && version.starts_with("HTTP/1.") && version[7] > '1') {
    text[begin + 7] = '1';
  }
}

/// "HTTP/1.1 200" is sent as well, without the space before a reason that is empty (RFC 9112
/// section 4).
void complete_status_line(std::string& text) {
  constexpr std::size_t kSize = std::string_view("HTTP/1.1 200").size();
  if (text.find("\r\n") == kSize && text[kSize - 4] == ' ') text.insert(kSize, 1, ' ');
}

template <bool kIsRequest, class Into>
Fault parse(Into& into) {
  into.fields.clear();
  lower_minor_version<kIsRequest>(into.text);
  Parser<Into, kIsRequest> parser(into);
  error_code error;
  const std::string_view text = into.text;
  const std::size_t taken = parser.put({text.data(), text.size()}, error);
  if (!error && parser.is_header_done() && taken == text.size()) return {};
  const std::string_view rest = text.substr(taken);
  const std::string_view line = rest.substr(0, rest.find("\r\n"));
  // Beast refuses a second length and the like in one way with what is no field at all.
  if (Fault fault = fault_of_framing(line, into); taken != 0 && fault) return fault;
  return fault_of(line, taken == 0, kIsRequest);
}

}  // namespace

Fault parse_request(std::string text, RequestHead& into) {
  into.text = std::move(text);
  if (Fault fault = parse<true>(into)) return fault;
  return read_request_fields(into);
}

Fault parse_response(std::string text, std::string_view method, ResponseHead& into) {
  into.text = std::move(text);
  complete_status_line(into.text);
  if (Fault fault = parse<false>(into)) return fault;
  return read_response_fields(method, into);
}

Fault parse_trailers(std::string_view lines, Head& into) {
  // Beast's parser begins with a start line.
  RequestHead section;
  section.text = "T / HTTP/1.1\r\n";
  const std::size_t begin = section.text.size();
  section.text.append(lines);
  if (Fault fault = parse<true>(section)) return fault;
  for (const rpc::HttpField& field : section.fields) {
    if (!may_be_trailer(field.name)) {
      return {400, "the field '" + printable(field.name.substr(0, 64)) +
                       "' may not stand in trailers (RFC 9110 section 6.5.1)"};
    }
  }
  into.text = section.text.substr(begin);
  into.fields.clear();
  const char* const from = section.text.data() + begin;
  const std::string_view kept = into.text;
  for (const rpc::HttpField& field : section.fields) {
    into.fields.push_back(
        {kept.substr(static_cast<std::size_t>(field.name.data() - from), field.name.size()),
         kept.substr(static_cast<std::size_t>(field.value.data() - from), field.value.size())});
  }
  return {};
}

}  // namespace weft::http1
