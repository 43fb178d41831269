#include "tools/weft/call/call_trace.h"

#include "weft/base/text/number_text.h"
#include "weft/base/text/printable.h"
#include "weft/rpc/grpc/grpc_wire.h"

namespace weft::cli {
namespace {

std::string_view text_of(MethodKind kind) {
  switch (kind) {
    case MethodKind::Unary:
      return "unary";
    case MethodKind::ClientStreaming:
      return "client streaming";
    case MethodKind::ServerStreaming:
      return "server streaming";
    case MethodKind::BidiStreaming:
      break;
  }
  return "bidirectional streaming";
}

std::string_view text_of(Origin origin) {
  switch (origin) {
    case Origin::Local:
      return "this process";
    case Origin::Peer:
      return "the server";
    case Origin::Transport:
      break;
  }
  return "the connection";
}

}  // namespace

std::string short_duration(Duration duration) {
  const double ns = static_cast<double>(duration.count());
  struct Unit {
    double size;
    const char* name;
  };
  constexpr Unit kUnits[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}};
  std::string text;
  for (const Unit& unit : kUnits) {
    const double value = ns / unit.size;
    if (value < 1 && unit.size != 1e3) continue;
    const int decimals = value >= 100 ? 0 : value >= 10 ? 1 : 2;
    text = number_text(value, decimals) + " " + unit.name;
    break;
  }
  return text;
}

std::string CallTrace::Count::text() const {
  return std::to_string(messages) + (messages == 1 ? " message, " : " messages, ") +
         std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
}

std::string CallTrace::elapsed() const { return short_duration(clock_.now() - started_); }

void CallTrace::line(std::string_view mark, std::string_view text) {
  const std::string out = style_.paint(style_.dim, mark) + " " + std::string(text) + "\n";
  std::fputs(out.c_str(), stderr);
}

void CallTrace::heading(std::string_view what, const Metadata& metadata) {
  line("<", std::string(what) + (metadata.empty() ? " (none), at " : ", at ") + elapsed());
  this->metadata("<", metadata);
}

void CallTrace::metadata(std::string_view mark, const Metadata& metadata) {
  for (const Metadata::Entry entry : metadata) {
    std::string value(entry.value);
    if (entry.name.ends_with("-bin")) {
      value.clear();
      rpc::base64_encode(entry.value, value);
    }
    line(mark, "  " + style_.paint(style_.blue, printable(entry.name)) + ": " + printable(value));
  }
}

void CallTrace::start(std::string_view target, const Method& method, const CallOptions& options) {
  started_ = clock_.now();
  if (!enabled_) return;
  line("*", "calling " + printable(target));
  line(">", method.path + " (" + std::string(text_of(method.kind())) + ")");
  if (options.timeout != kForever) line(">", "  timeout: " + to_string(options.timeout));
  if (options.compression != Compression::Identity) {
    line(">", "  compression: " + std::string(name_of(options.compression)));
  }
  if (options.metadata != nullptr) metadata(">", *options.metadata);
}

void CallTrace::request(std::size_t size) {
  ++requests_.messages;
  requests_.bytes += size;
  if (!enabled_) return;
  line(">", "request " + std::to_string(requests_.messages) + ": " + std::to_string(size) +
                " bytes, at " + elapsed());
}

void CallTrace::end_of_requests() {
  if (enabled_) line(">", "end of requests, at " + elapsed());
}

void CallTrace::response_metadata(Call& call) {
  if (!enabled_) return;
  const Peer* peer = call.peer();
  if (peer != nullptr) line("*", "connected to " + printable(peer->describe()));
  heading("response metadata", call.response_metadata());
}

void CallTrace::response(std::size_t size) {
  ++responses_.messages;
  responses_.bytes += size;
  if (!enabled_) return;
  line("<", "response " + std::to_string(responses_.messages) + ": " + std::to_string(size) +
                " bytes, at " + elapsed());
}

void CallTrace::end(const Status& status, const Metadata& trailers) {
  if (!enabled_) return;
  heading("trailers", trailers);
  std::string text(name_of(status.code()));
  if (!status.ok()) text += " (from " + std::string(text_of(status.origin())) + ")";
  line("*", text + " after " + elapsed() + "; sent " + requests_.text() + "; received " +
                responses_.text());
}

}  // namespace weft::cli
