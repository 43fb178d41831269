#include "tools/weft/bench/load/call_mix.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "tools/weft/schema/near_names.h"

namespace weft::cli::bench {
namespace {

constexpr std::uint32_t kLargestWeight = 1'000'000;

bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '/';
}

/// The length of "METHOD" in "METHOD=...", which no JSON begins with; 0 where there is none.
std::size_t method_prefix(std::string_view text) noexcept {
  std::size_t size = 0;
  while (size < text.size() && is_name_character(text[size])) ++size;
  return size < text.size() && text[size] == '=' ? size : 0;
}

Result<std::string> whole_text(std::istream& in, const std::string& name) {
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) return invalid_argument("-d: cannot read " + name);
  return text;
}

/// "Method", "Service/Method" and "pkg.Service/Method" mean the method.
bool means(const std::string& written, const Method& method) {
  const std::string_view path = std::string_view(method.path).substr(1);
  if (written == path) return true;
  if (!path.ends_with(written) || written.size() >= path.size()) return false;
  const char before = path[path.size() - written.size() - 1];
  return before == '/' || before == '.';
}

Status add_messages(const Schema& schema, const DataFlag& data, MixedMethod& to) {
  const Result<std::vector<JsonText>> values = split_templates(data.text);
  if (!values.ok()) return values.status().with_prefix(data.source);
  if (values->empty()) return invalid_argument(data.source + ": there is no JSON in it");
  for (const JsonText& value : *values) {
    Result<MessageTemplate> made =
        MessageTemplate::create(schema, *to.method.descriptor->input_type(), value);
    if (!made.ok()) return made.status().with_prefix(data.source);
    to.messages.push_back(*std::move(made));
  }
  return {};
}

}  // namespace

Result<MethodShare> parse_method_share(std::string_view text) {
  MethodShare share;
  const std::size_t equals = text.find('=');
  Result<MethodName> name = parse_method_name(text.substr(0, equals));
  if (!name.ok()) return std::move(name).status();
  share.name = *std::move(name);
  if (equals == std::string_view::npos) return share;
  const std::string_view weight = text.substr(equals + 1);
  const auto [end, error] =
      std::from_chars(weight.data(), weight.data() + weight.size(), share.weight);
  if (error != std::errc() || end != weight.data() + weight.size() || share.weight == 0 ||
      share.weight > kLargestWeight) {
    return invalid_argument("'" + std::string(text) + "': a weight from 1 to " +
                            std::to_string(kLargestWeight) + " is expected behind the =");
  }
  return share;
}

Result<DataFlag> read_data_flag(const std::string& argument) {
  DataFlag data;
  const std::size_t prefix = method_prefix(argument);
  data.method = argument.substr(0, prefix);
  data.text = argument.substr(prefix == 0 ? 0 : prefix + 1);
  data.source = prefix == 0 ? "DATA" : "DATA of " + data.method;
  if (data.text == "-") {
    data.source = "standard input";
    Result<std::string> text = whole_text(std::cin, data.source);
    if (!text.ok()) return std::move(text).status();
    data.text = *std::move(text);
  } else if (data.text.starts_with('@')) {
    data.source = data.text.substr(1);
    std::ifstream file(data.source);
    if (!file) return invalid_argument("-d: cannot open '" + data.source + "'");
    Result<std::string> text = whole_text(file, data.source);
    if (!text.ok()) return std::move(text).status();
    data.text = *std::move(text);
  }
  return data;
}

Result<Bytes> MixedMethod::message(std::size_t index, Variables& variables) const {
  const MessageTemplate& chosen = messages[index];
  if (chosen.constant()) [[likely]]
    return Bytes::of_static(chosen.bytes());
  const Result<std::string> bytes = chosen.encode(variables);
  if (!bytes.ok()) return bytes.status();
  return Bytes::copy_of(*bytes);
}

Result<CallMix> CallMix::create(const Schema& schema, const std::vector<MethodShare>& methods,
                                const std::vector<DataFlag>& data) {
  CallMix mix;
  std::vector<bool> used(data.size());
  std::vector<std::string> names;
  for (const MethodShare& share : methods) {
    auto made = std::make_unique<MixedMethod>();
    Result<Method> method = schema.method(share.name.service, share.name.method);
    if (!method.ok()) return std::move(method).status();
    made->method = *std::move(method);
    made->descriptor = made->method.call_descriptor();
    made->weight = share.weight;
    names.push_back(made->method.path.substr(1));
    // Its own data, or else that which is for all.
    for (const bool own : {true, false}) {
      for (std::size_t i = 0; i < data.size(); ++i) {
        if (own == data[i].method.empty()) continue;
        if (own && !means(data[i].method, made->method)) continue;
        used[i] = true;
        const Status added = add_messages(schema, data[i], *made);
        if (!added.ok()) return added;
      }
      if (!made->messages.empty()) break;
    }
    if (made->messages.empty()) {
      const Status added =
          add_messages(schema, {.method = {}, .source = "DATA", .text = "{}"}, *made);
      if (!added.ok()) return added;
    }
    mix.methods_.push_back(std::move(made));
  }
  for (std::size_t i = 0; i < data.size(); ++i) {
    if (used[i] || data[i].method.empty()) continue;
    return invalid_argument("-d: '" + data[i].method + "' is not one of the called methods" +
                            did_you_mean(data[i].method, names));
  }
  return mix;
}

Rotation::Rotation(const CallMix& mix) {
  for (std::size_t i = 0; i < mix.size(); ++i) {
    shares_.push_back({.weight = mix[i].weight, .messages = mix[i].messages.size()});
    sum_ += mix[i].weight;
  }
}

std::size_t Rotation::next_method() noexcept {
  std::size_t best = 0;
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    shares_[i].credit += shares_[i].weight;
    if (shares_[i].credit > shares_[best].credit) best = i;
  }
  shares_[best].credit -= sum_;
  return best;
}

}  // namespace weft::cli::bench
