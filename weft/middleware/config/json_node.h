#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"

namespace weft::middleware {

class JsonNode;

/// A JSON text that was read, and what is wrong with what it says. Of JSON only: a member that
/// comes twice, nesting beyond 64 and texts beyond 4 MiB are errors.
class JsonDocument {
 public:
  /// INVALID_ARGUMENT naming the place.
  static Result<JsonDocument> parse(std::string_view text);
  JsonDocument(JsonDocument&&) noexcept;
  JsonDocument& operator=(JsonDocument&&) noexcept;
  ~JsonDocument();

  /// Valid as long as this document is and does not move.
  JsonNode root();
  /// OK, or INVALID_ARGUMENT with every problem there was, up to ten.
  Status problems() const;

 private:
  friend class JsonNode;
  struct Impl;
  explicit JsonDocument(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

/// A value in a document with its path, or the place of one that is not there. `null` counts as not
/// there, as in proto3's JSON. Asking for a value of another kind notes a problem in the document
/// and gives nothing.
class JsonNode {
 public:
  bool present() const noexcept { return value_ != nullptr; }
  const std::string& path() const noexcept { return path_; }

  /// Notes that something else was expected: "path: value: must be `expected`".
  void expect(std::string_view expected) const;
  /// Notes something else about this place: "path: text".
  void note(std::string_view text) const;

  /// The member of that name; of something else than an object none.
  JsonNode operator[](std::string_view name) const;
  /// The names of all members.
  std::vector<std::string> names() const;
  /// Notes every member that has another name.
  void allow_only(const std::vector<std::string_view>& names) const;
  /// False, and noted, where there is something else.
  bool is_object() const;
  /// The elements; none where there is nothing.
  std::vector<JsonNode> list() const;
  /// Whether it is a list without elements; nothing is noted.
  bool is_empty_list() const noexcept;
  /// The elements, which have to be texts; nothing where there is no list.
  std::optional<std::vector<std::string>> texts() const;
  /// The whole value as JSON, members in order of their names.
  std::string json() const;

  /// Whether it is a text; nothing is noted.
  bool is_text() const noexcept;
  std::optional<bool> boolean() const;
  std::optional<std::string> text() const;
  /// A number, or a text of one as proto3's JSON has it, in this range.
  std::optional<double> number(double above, double most, std::string_view expected) const;
  std::optional<std::uint64_t> integer(std::uint64_t least, std::uint64_t most,
                                       std::string_view expected) const;
  /// google.protobuf.Duration: "1.5s", not negative.
  std::optional<Duration> duration() const;
  /// The same, more than zero.
  std::optional<Duration> positive_duration() const;

 private:
  friend class JsonDocument;
  JsonNode(JsonDocument::Impl* document, const void* value, std::string path)
      : document_(document), value_(value), path_(std::move(path)) {}
  std::string shown() const;
  JsonDocument::Impl* document_;
  const void* value_;  // the library's
  std::string path_;
};

}  // namespace weft::middleware
