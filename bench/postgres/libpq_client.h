#pragma once

#include <cstddef>
#include <string>

struct pg_conn;

namespace weft::bench {

/// A program on libpq's pipeline mode as somebody would write it who wants speed: one connection,
/// a prepared statement, a Sync for each run, up to `depth` of them on their way, poll(2).
class LibpqClient {
 public:
  explicit LibpqClient(const std::string& connection_string);
  LibpqClient(const LibpqClient&) = delete;
  LibpqClient& operator=(const LibpqClient&) = delete;
  ~LibpqClient();

  void prepare(const char* name, const char* text);
  /// Runs a statement `count` times, with one parameter where `parameter` is not null, and sums up
  /// the first columns.
  std::size_t run(const char* name, const char* parameter, std::size_t count, std::size_t depth);

 private:
  void wait() const;

  pg_conn* connection_;
};

}  // namespace weft::bench
