#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/codec/schema/field_path.h"
#include "weft/codec/schema/wire.h"
#include "weft/foreign/gob/gob_stream.h"

namespace weft::foreign {

/// Makes messages in protobuf's encoding of gob values. Fields are found by their names: those of
/// Go without regard to case; others are passed over. Every function returns false when it has
/// failed, and then nothing more is read. All that recurses is bounded by the depth.
class ValueReader {
 public:
  ValueReader(const PeerTypes& types, int max_depth) noexcept
      : types_(types), max_depth_(max_depth) {}

  /// A message of the type of `table`. INVALID_ARGUMENT with the field that does not fit.
  Result<Bytes> message(const GobStream::Value& value, const codec::MessageTable& table);

  /// Passes over a value.
  bool skip(std::int64_t type, GobReader& from);
  /// What has failed, for callers of skip().
  const Status& status() const noexcept { return status_; }

 private:
  using Path = codec::FieldPath;

  bool content(const GobType& type, GobReader& from, const codec::MessageTable& table,
               const Path& path);
  bool structure(const GobType& type, GobReader& from, const codec::MessageTable& table,
                 const Path& path);
  bool field(const codec::FieldTable& field, std::int64_t id, GobReader& from, Path& path);
  bool single(const codec::FieldTable& field, const GobType& type, GobReader& from,
              const Path& path);
  bool list(const codec::FieldTable& field, const GobType& type, GobReader& from, Path& path);
  bool map(const codec::FieldTable& field, const GobType& type, GobReader& from, Path& path);
  bool scalar(const codec::FieldTable& field, const GobType& type, GobReader& from,
              const Path& path);
  bool integer(const codec::FieldTable& field, const GobType& type, GobReader& from,
               const Path& path);
  bool floating(const codec::FieldTable& field, GobReader& from, const Path& path);
  bool text(const codec::FieldTable& field, GobReader& from, const Path& path);
  bool time(const GobType& type, GobReader& from, const Path& path);
  bool duration(const GobType& type, GobReader& from, const Path& path);
  bool skip_value(const GobType& type, GobReader& from);
  bool skip_interface(GobReader& from);
  const GobType* type_of(std::int64_t id, const Path& path);
  bool enter(const Path& path);
  bool fail(const Path& path, std::string text);
  bool cut_off(const Path& path) { return fail(path, "the gob value is broken"); }
  bool does_not_fit(const codec::FieldTable& field, const GobType& type, const Path& path);

  const PeerTypes& types_;
  int max_depth_;
  int depth_ = 0;
  codec::OutputBytes out_;
  Status status_;
};

}  // namespace weft::foreign
