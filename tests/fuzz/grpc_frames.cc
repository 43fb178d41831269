#include "tests/fuzz/grpc_frames.h"

namespace weft::fuzz {
namespace {

constexpr std::string_view kPaths[] = {"/test.Kinds/Unary",
                                       "/test.Kinds/Collect",
                                       "/test.Kinds/Expand",
                                       "/test.Kinds/Chat",
                                       "/grpc.health.v1.Health/Check",
                                       "/grpc.health.v1.Health/Watch",
                                       "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                       "/test.Kinds/None",
                                       "/None/Unary",
                                       "no path",
                                       "/"};
constexpr std::string_view kContentTypes[] = {"application/grpc",
                                              "application/grpc+proto",
                                              "application/grpc;x=y",
                                              "application/grpc+json",
                                              "application/json",
                                              "application/grpcx",
                                              "text/html"};
constexpr std::string_view kTimeouts[] = {"1S",        "10m",  "0n", "99999999H", "123456789S",
                                          "-1S",       "1",    "S",  "1x",        "1u",
                                          "00000001m", "500m", "",   "1S "};
constexpr std::string_view kEncodings[] = {"identity", "gzip", "deflate", "zstd", "brotli", ""};
constexpr std::string_view kStatuses[] = {"0",  "1",  "2",  "4",  "12", "13",
                                          "14", "16", "17", "-1", ""};
constexpr std::string_view kMessages[] = {"so it was", "", "%E2%82%AC", "%", "%4", "%zz", "a%00b"};
// gzip of "hello" as a BytesValue, and a gzip header with nothing behind.
constexpr std::string_view kGzip(
    "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xe3\x62\xcd\x48\xcd\xc9\xc9"
    "\x07\x00\xd3\x5c\xef\xd7\x07\x00\x00\x00",
    27);

std::string prefix(char flag, std::size_t size) {
  std::string out(1, flag);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift);
  return out;
}

}  // namespace

std::string GrpcFrames::request() {
  std::string out = indexed(":method", "POST") + indexed(":scheme", "http") +
                    indexed(":path", input_.one_of(kPaths)) + indexed(":authority", "server");
  if (!input_.rarely(16)) out += indexed("te", "trailers");
  const bool usual = !input_.rarely(8);
  return out + indexed("content-type", usual ? kContentTypes[0] : input_.one_of(kContentTypes));
}

std::string GrpcFrames::response() {
  static constexpr std::string_view kHttp[] = {"200", "200", "200", "100", "204",
                                               "301", "404", "429", "503"};
  const std::string_view status = input_.one_of(kHttp);
  std::string out = indexed(":status", status);
  if (status == "100") return out;
  const bool usual = !input_.rarely(8);
  out += indexed("content-type", usual ? kContentTypes[0] : input_.one_of(kContentTypes));
  return input_.rarely(8) ? out + trailers() : out;
}

std::string GrpcFrames::trailers() {
  std::string out = indexed("grpc-status", input_.flip() ? "0" : input_.one_of(kStatuses));
  if (input_.flip()) out += indexed("grpc-message", input_.one_of(kMessages));
  if (input_.rarely(8)) out += indexed("grpc-status-details-bin", input_.text());
  return out;
}

std::string GrpcFrames::odd_field() {
  switch (input_.below(8)) {
    case 0:
      return indexed("grpc-timeout", input_.one_of(kTimeouts));
    case 1:
      return indexed("grpc-timeout", input_.text());
    case 2:
      return indexed("grpc-encoding", input_.one_of(kEncodings));
    case 3:
      return indexed("grpc-accept-encoding", input_.flip() ? "gzip, zstd" : input_.text());
    case 4:
      return literal("x-bin", input_.flip() ? "aGVsbG8,d29ybGQ=" : input_.text());
    case 5:
      return indexed(input_.flip() ? "grpc-status" : "grpc-message", input_.text());
    case 6:
      return indexed("x-request", input_.text());
    default:
      return PeerFrames::odd_field();
  }
}

/// What the test service takes for a request: field 1, bytes.
std::string GrpcFrames::message() {
  switch (input_.below(4)) {
    case 0:
      return std::string(input_.text());
    case 1: {
      const std::size_t size = 300 * (1 + input_.below(16));
      std::string out("\x0a");
      out += static_cast<char>(size % 128 + 128);
      out += static_cast<char>(size / 128);
      return out.append(size, 'm');
    }
    case 2:
      return std::string(kGzip);
    default: {
      const std::string_view value = input_.text();
      std::string out("\x0a");
      if (value.size() >= 128) out += static_cast<char>(value.size() % 128 + 128);
      out += static_cast<char>(value.size() < 128 ? value.size() : value.size() / 128);
      return out.append(value);
    }
  }
}

/// Messages in gRPC's framing, whole or not.
std::string GrpcFrames::body() {
  if (input_.rarely(8)) return PeerFrames::body();
  if (input_.rarely(8)) return std::string(input_.text());
  std::string out;
  for (std::size_t n = 1 + input_.below(3); n != 0; --n) {
    const std::string payload = message();
    const bool compressed = payload == kGzip ? input_.flip() : input_.rarely(16);
    const std::size_t size = input_.rarely(32) ? input_.u32() : payload.size();
    const char flag = input_.rarely(32) ? static_cast<char>(input_.u8()) : compressed ? '\1' : '\0';
    out += prefix(flag, size) + payload;
  }
  if (input_.rarely(8)) out.resize(input_.u8() % (out.size() + 1));
  return out;
}

}  // namespace weft::fuzz
