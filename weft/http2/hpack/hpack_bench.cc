// What header blocks cost on a warm connection, ours beside nghttp2's in one run.

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>
#include <nghttp2/nghttp2.h>

#include "weft/http2/hpack/hpack.h"
#include "weft/http2/hpack/internal/huffman.h"
#include "weft/http2/session/output.h"

namespace weft::http2 {
namespace {

using Fields = std::vector<HeaderField>;
using Block = std::vector<std::uint8_t>;

Fields with_tokens(Fields fields) {
  for (HeaderField& field : fields) field.token = token_of(field.name);
  return fields;
}

Fields response() {
  return with_tokens({{":status", "200"}, {"content-type", "application/grpc"}});
}

Fields trailers() { return with_tokens({{"grpc-status", "0"}}); }

Fields request() {
  return with_tokens({{":method", "POST"},
                      {":scheme", "http"},
                      {":path", "/helloworld.Greeter/SayHello"},
                      {":authority", "localhost:50051"},
                      {"te", "trailers"},
                      {"content-type", "application/grpc"},
                      {"user-agent", "weft/0.1"},
                      {"grpc-accept-encoding", "identity,gzip,deflate,zstd"}});
}

/// Adds what changes with each call.
Fields request_with_deadline(std::string_view timeout) {
  Fields fields = request();
  fields.push_back({"grpc-timeout", timeout, Token::GrpcTimeout});
  return fields;
}

Fields request_with_metadata() {
  Fields fields = request();
  fields.push_back({"x-tenant", "blue"});
  fields.push_back({"x-region", "eu-central-1"});
  return fields;
}

Block encoded(HpackEncoder& encoder, const Fields& fields) {
  Block block(encoder.bound(fields));
  block.resize(static_cast<std::size_t>(encoder.encode(fields, block.data()) - block.data()));
  return block;
}

void encode_warm(benchmark::State& state, const Fields& fields) {
  HpackEncoder encoder;
  Block out(encoder.bound(fields));
  for (int i = 0; i < 3; ++i) encoder.encode(fields, out.data());
  std::size_t size = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder.bound(fields));
    size = static_cast<std::size_t>(encoder.encode(fields, out.data()) - out.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.counters["bytes"] = static_cast<double>(size);
}

void decode_warm(benchmark::State& state, const Fields& fields) {
  HpackEncoder encoder;
  HpackDecoder decoder({});
  for (int i = 0; i < 3; ++i) decoder.decode(encoded(encoder, fields));
  const Block block = encoded(encoder, fields);
  for (auto _ : state) {
    benchmark::DoNotOptimize(decoder.decode(block));
    benchmark::DoNotOptimize(decoder.fields().data());
  }
  state.counters["bytes"] = static_cast<double>(block.size());
}

std::vector<nghttp2_nv> their_fields(const Fields& fields) {
  std::vector<nghttp2_nv> list;
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  for (const HeaderField& field : fields) {
    list.push_back({bytes(field.name), bytes(field.value), field.name.size(), field.value.size(),
                    NGHTTP2_NV_FLAG_NONE});
  }
  return list;
}

void encode_warm_nghttp2(benchmark::State& state, const Fields& fields) {
  nghttp2_hd_deflater* deflater = nullptr;
  nghttp2_hd_deflate_new(&deflater, 4096);
  const std::vector<nghttp2_nv> list = their_fields(fields);
  Block out(4096);
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        nghttp2_hd_deflate_hd(deflater, out.data(), out.size(), list.data(), list.size()));
  }
  nghttp2_hd_deflate_del(deflater);
}

void decode_warm_nghttp2(benchmark::State& state, const Fields& fields) {
  nghttp2_hd_inflater* inflater = nullptr;
  nghttp2_hd_inflate_new(&inflater);
  HpackEncoder encoder;
  const auto decode = [inflater](const Block& block) {
    const std::uint8_t* at = block.data();
    std::size_t left = block.size();
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
      nghttp2_nv field;
      const auto used = nghttp2_hd_inflate_hd2(inflater, &field, &flags, at, left, 1);
      at += used;
      left -= static_cast<std::size_t>(used);
      benchmark::DoNotOptimize(field);
    }
    nghttp2_hd_inflate_end_headers(inflater);
  };
  for (int i = 0; i < 3; ++i) decode(encoded(encoder, fields));
  const Block block = encoded(encoder, fields);
  for (auto _ : state) decode(block);
  nghttp2_hd_inflate_del(inflater);
}

#define WEFT_HPACK_BENCH(name, fields)                  \
  BENCHMARK_CAPTURE(encode_warm, name, fields);         \
  BENCHMARK_CAPTURE(encode_warm_nghttp2, name, fields); \
  BENCHMARK_CAPTURE(decode_warm, name, fields);         \
  BENCHMARK_CAPTURE(decode_warm_nghttp2, name, fields)

WEFT_HPACK_BENCH(response, response());
WEFT_HPACK_BENCH(trailers, trailers());
WEFT_HPACK_BENCH(request, request());
WEFT_HPACK_BENCH(request_with_deadline, request_with_deadline("200m"));
WEFT_HPACK_BENCH(request_with_metadata, request_with_metadata());

/// The deadline's value is another one in each block, as a deadline handed down is.
void encode_changing_deadline(benchmark::State& state) {
  HpackEncoder encoder;
  std::vector<Fields> blocks;
  std::vector<std::string> values;
  for (int i = 0; i < 64; ++i) values.push_back(std::to_string(100000 + 37 * i) + "u");
  for (const std::string& value : values) blocks.push_back(request_with_deadline(value));
  Block out(encoder.bound(blocks[0]));
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder.encode(blocks[i++ % blocks.size()], out.data()));
  }
}
BENCHMARK(encode_changing_deadline);

void decode_changing_deadline(benchmark::State& state) {
  HpackEncoder encoder;
  HpackDecoder decoder({});
  decoder.decode(encoded(encoder, request_with_deadline("1S")));
  const Block block = encoded(encoder, request_with_deadline("100037u"));
  for (auto _ : state) benchmark::DoNotOptimize(decoder.decode(block));
}
BENCHMARK(decode_changing_deadline);

void encode_one_of_many_paths(benchmark::State& state) {
  HpackEncoder encoder;
  std::vector<std::string> paths;
  std::vector<Fields> blocks;
  for (int i = 0; i < 20; ++i) paths.push_back("/pkg.Service/Method" + std::to_string(i));
  for (const std::string& path : paths) {
    blocks.push_back({{":path", path, Token::Path}});
  }
  Block out(256);
  std::size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(encoder.encode(blocks[i++ % blocks.size()], out.data()));
  }
}
BENCHMARK(encode_one_of_many_paths);

void first_blocks_of_a_connection(benchmark::State& state) {
  const Fields fields = request();
  for (auto _ : state) {
    HpackEncoder encoder;
    HpackDecoder decoder({});
    benchmark::DoNotOptimize(decoder.decode(encoded(encoder, fields)));
  }
}
BENCHMARK(first_blocks_of_a_connection);

void find_token(benchmark::State& state) {
  const Fields fields = request();
  for (auto _ : state) {
    for (const HeaderField& field : fields) benchmark::DoNotOptimize(token_of(field.name));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(fields.size()));
}
BENCHMARK(find_token);

constexpr std::string_view kText =
    "grpc-c++/1.51.1 grpc-c/29.0.0 (linux; chttp2) and what else a user agent may say of itself";

void huffman_encode_text(benchmark::State& state) {
  Block out(kText.size());
  for (auto _ : state) {
    benchmark::DoNotOptimize(huffman_size(kText));
    benchmark::DoNotOptimize(huffman_encode(kText, out.data()));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kText.size()));
}
BENCHMARK(huffman_encode_text);

void huffman_decode_text(benchmark::State& state) {
  Block coded(huffman_size(kText));
  huffman_encode(kText, coded.data());
  std::vector<char> out(huffman_decoded_bound(coded.size()));
  for (auto _ : state) benchmark::DoNotOptimize(huffman_decode(coded, out.data()));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kText.size()));
}
BENCHMARK(huffman_decode_text);

/// A response's three frames, 32 calls a write.
void output_queue_turn(benchmark::State& state) {
  OutputQueue queue;
  iovec slices[8];
  for (auto _ : state) {
    for (int i = 0; i < 32 * 3; ++i) {
      benchmark::DoNotOptimize(queue.reserve(64));
      queue.commit(32);
    }
    benchmark::DoNotOptimize(queue.gather(slices));
    queue.consume(queue.size());
  }
  state.SetItemsProcessed(state.iterations() * 32 * 3);
}
BENCHMARK(output_queue_turn);

}  // namespace
}  // namespace weft::http2
