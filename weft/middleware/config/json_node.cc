#include "weft/middleware/config/json_node.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

namespace weft::middleware {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestText = std::size_t{4} << 20;
constexpr int kDeepest = 64;
constexpr std::size_t kMostProblems = 10;
// Enough of a value to be found again.
constexpr std::size_t kShownLength = 60;

const Json& value_of(const void* value) noexcept { return *static_cast<const Json*>(value); }

/// "[json.exception.parse_error.101] parse error at line 1, column 2: ..." without its beginning.
std::string_view without_id(std::string_view what) noexcept {
  const std::size_t begin = what.find("] ");
  return begin == what.npos ? what : what.substr(begin + 2);
}

/// What the library lets pass: members that come twice, and any depth.
class Strictness {
 public:
  bool operator()(int depth, Json::parse_event_t event, const Json& parsed) {
    if (depth > kDeepest && problem_.empty()) {
      problem_ = "is nested deeper than " + std::to_string(kDeepest) + " levels";
    }
    if (event == Json::parse_event_t::object_start) names_.emplace_back();
    if (event == Json::parse_event_t::object_end) names_.pop_back();
    if (event == Json::parse_event_t::key) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!names_.back().insert(name).second && problem_.empty()) {
        problem_ = "has the member \"" + name + "\" twice in one object";
      }
    }
    // Nothing is kept of what is refused anyway.
    return problem_.empty();
  }
  const std::string& problem() const noexcept { return problem_; }

 private:
  std::vector<std::set<std::string>> names_;  // of the objects that are open
  std::string problem_;
};

template <class T>
std::optional<T> parsed(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "3", "3.000001", with up to nine digits behind the point.
std::optional<Duration> seconds(std::string_view text) {
  // google/protobuf/duration.proto: 10,000 years. Ours ends after 292, which is as good as never.
  constexpr std::uint64_t kMost = 315'576'000'000;
  constexpr std::uint64_t kMostOfOurs = 9'000'000'000;
  constexpr std::size_t kDigits = 9;
  const std::size_t point = std::min(text.find('.'), text.size());
  const std::optional<std::uint64_t> whole = parsed<std::uint64_t>(text.substr(0, point));
  if (!whole || *whole > kMost) return std::nullopt;
  std::uint64_t nanoseconds = 0;
  if (point != text.size()) {
    std::string digits(text.substr(point + 1));
    if (digits.empty() || digits.size() > kDigits) return std::nullopt;
    digits.resize(kDigits, '0');
    const std::optional<std::uint64_t> fraction = parsed<std::uint64_t>(digits);
    if (!fraction) return std::nullopt;
    nanoseconds = *fraction;
  }
  if (*whole > kMostOfOurs) return kForever;
  return std::chrono::seconds(*whole) + Duration(nanoseconds);
}

}  // namespace

struct JsonDocument::Impl {
  Json json;
  std::vector<std::string> problems;
};

JsonDocument::JsonDocument(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
  if (text.size() > kLongestText) {
    return invalid_argument("the text has " + std::to_string(text.size()) +
                            " bytes, the limit is " + std::to_string(kLongestText));
  }
  auto impl = std::make_unique<Impl>();
  Strictness strictness;
  try {
    impl->json = Json::parse(text, [&](int depth, Json::parse_event_t event, const Json& value) {
      return strictness(depth, event, value);
    });
  } catch (const Json::exception& error) {
    return invalid_argument(std::string("not JSON: ").append(without_id(error.what())));
  }
  if (!strictness.problem().empty()) {
    return invalid_argument("the text " + strictness.problem());
  }
  return JsonDocument(std::move(impl));
}

JsonNode JsonDocument::root() { return JsonNode(impl_.get(), &impl_->json, std::string()); }

Status JsonDocument::problems() const {
  if (impl_->problems.empty()) return {};
  std::string message;
  for (const std::string& problem : impl_->problems) {
    message.append(message.empty() ? "" : "; ").append(problem);
  }
  return invalid_argument(message);
}

std::string JsonNode::json() const {
  return present() ? value_of(value_).dump(-1, ' ', true, Json::error_handler_t::replace) : "";
}

std::string JsonNode::shown() const {
  std::string text = present() ? json() : "nothing";
  if (text.size() > kShownLength) text = text.substr(0, kShownLength) + "...";
  return text;
}

void JsonNode::expect(std::string_view expected) const {
  note(shown().append(": must be ").append(expected));
}

void JsonNode::note(std::string_view text) const {
  if (document_->problems.size() >= kMostProblems) return;
  const std::string_view where = path_.empty() ? std::string_view("the text") : path_;
  document_->problems.push_back(std::string(where).append(": ").append(text));
}

JsonNode JsonNode::operator[](std::string_view name) const {
  std::string path = path_;
  if (!path.empty()) path.push_back('.');
  path.append(name);
  const void* found = nullptr;
  if (present() && value_of(value_).is_object()) {
    const auto at = value_of(value_).find(name);
    if (at != value_of(value_).end() && !at->is_null()) found = &*at;
  }
  return JsonNode(document_, found, std::move(path));
}

bool JsonNode::is_object() const {
  if (present() && value_of(value_).is_object()) return true;
  expect("an object");
  return false;
}

std::vector<std::string> JsonNode::names() const {
  std::vector<std::string> names;
  if (!is_object()) return names;
  for (const auto& member : value_of(value_).items()) names.push_back(member.key());
  return names;
}

void JsonNode::allow_only(const std::vector<std::string_view>& allowed) const {
  for (const std::string& name : names()) {
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
      (*this)[name].note("is not known here");
    }
  }
}

std::vector<JsonNode> JsonNode::list() const {
  std::vector<JsonNode> nodes;
  if (!present()) return nodes;
  if (!value_of(value_).is_array()) {
    expect("a list");
    return nodes;
  }
  for (std::size_t i = 0; i < value_of(value_).size(); ++i) {
    nodes.push_back(
        JsonNode(document_, &value_of(value_)[i], path_ + "[" + std::to_string(i) + "]"));
  }
  return nodes;
}

bool JsonNode::is_empty_list() const noexcept {
  return present() && value_of(value_).is_array() && value_of(value_).empty();
}

std::optional<std::vector<std::string>> JsonNode::texts() const {
  if (!present()) return std::nullopt;
  std::vector<std::string> texts;
  for (const JsonNode& element : list()) {
    if (std::optional<std::string> text = element.text()) texts.push_back(std::move(*text));
  }
  return texts;
}

bool JsonNode::is_text() const noexcept { return present() && value_of(value_).is_string(); }

std::optional<bool> JsonNode::boolean() const {
  if (!present()) return std::nullopt;
  if (value_of(value_).is_boolean()) return value_of(value_).get<bool>();
  expect("true or false");
  return std::nullopt;
}

std::optional<std::string> JsonNode::text() const {
  if (!present()) return std::nullopt;
  if (value_of(value_).is_string()) return value_of(value_).get<std::string>();
  expect("a text");
  return std::nullopt;
}

std::optional<double> JsonNode::number(double above, double most, std::string_view expected) const {
  if (!present()) return std::nullopt;
  std::optional<double> value;
  if (value_of(value_).is_number()) value = value_of(value_).get<double>();
  if (value_of(value_).is_string())
    value = parsed<double>(value_of(value_).get_ref<const std::string&>());
  // Also what is not a number, as "nan".
  if (value && *value > above && *value <= most) return value;
  expect(expected);
  return std::nullopt;
}

std::optional<std::uint64_t> JsonNode::integer(std::uint64_t least, std::uint64_t most,
                                               std::string_view expected) const {
  if (!present()) return std::nullopt;
  std::optional<std::uint64_t> value;
  const Json& here = value_of(value_);
  if (here.is_number_unsigned()) value = here.get<std::uint64_t>();
  if (here.is_string()) value = parsed<std::uint64_t>(here.get_ref<const std::string&>());
  // proto3's JSON takes 5.0 for a 5.
  constexpr double kExact = 9007199254740992.0;
  if (here.is_number_float()) {
    const double real = here.get<double>();
    if (real >= 0 && real <= kExact && std::floor(real) == real) {
      value = static_cast<std::uint64_t>(real);
    }
  }
  if (value && *value >= least && *value <= most) return value;
  expect(expected);
  return std::nullopt;
}

std::optional<Duration> JsonNode::duration() const {
  if (!present()) return std::nullopt;
  std::optional<Duration> value;
  if (value_of(value_).is_string()) {
    std::string_view text = value_of(value_).get_ref<const std::string&>();
    if (text.ends_with('s')) value = seconds(text.substr(0, text.size() - 1));
  }
  if (!value) expect("a duration in seconds as \"1.5s\", not negative");
  return value;
}

std::optional<Duration> JsonNode::positive_duration() const {
  const std::optional<Duration> value = duration();
  if (!value || *value > Duration::zero()) return value;
  expect("more than 0s");
  return std::nullopt;
}

}  // namespace weft::middleware
