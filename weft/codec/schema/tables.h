#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "weft/codec/schema/message_table.h"

namespace google::protobuf {
class DescriptorPool;
}  // namespace google::protobuf

namespace weft::codec {

/// The tables of message types, each compiled when it is first asked for. Any thread may ask; of()
/// takes no lock for a type that has been asked for before.
///
/// It keeps pointers to descriptors, so their pools must outlive it. Types of a pool whose life is
/// not known get a Tables of their own, for the time of one use.
class Tables {
 public:
  /// Whether a field has presence, where a Descriptor does not say it (editions that protobuf does
  /// not know).
  using HasPresence = bool (*)(const google::protobuf::FieldDescriptor&);

  /// The types of messages in an Any, and extensions, are looked up in `pool`; null: in the pool of
  /// the type that holds them.
  explicit Tables(std::shared_ptr<const google::protobuf::DescriptorPool> pool = nullptr,
                  HasPresence has_presence = nullptr);
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;
  ~Tables();

  /// Those of generated code: one for the process, never destroyed.
  static const Tables& generated();
  /// Whether the pool of `type` lives as long as this: the generated one, or that of the
  /// constructor.
  bool may_keep(const google::protobuf::Descriptor& type) const noexcept;

  const MessageTable& of(const google::protobuf::Descriptor& type) const;
  /// Null where nobody has asked for it before.
  const MessageTable* find(const google::protobuf::Descriptor& type) const noexcept;
  const EnumTable& of(const google::protobuf::EnumDescriptor& type) const;

  bool has_presence(const google::protobuf::FieldDescriptor& field) const;

  /// The type of an Any in a message of `holder`'s type: what follows the last '/' of `url` is its
  /// full name, whatever stands before. Null where it is unknown.
  const MessageTable* any_type(const MessageTable& holder, std::string_view url) const;
  /// The extensions of `holder`; null where unknown.
  const FieldTable* extension(const MessageTable& holder, std::uint32_t number) const;
  const FieldTable* extension(const MessageTable& holder, std::string_view full_name) const;

 private:
  struct State;
  const FieldTable* keep(const google::protobuf::FieldDescriptor* extension) const;

  std::unique_ptr<State> state_;
};

/// What follows the last '/' of the url of an Any.
std::string_view type_name_of(std::string_view url) noexcept;

}  // namespace weft::codec
