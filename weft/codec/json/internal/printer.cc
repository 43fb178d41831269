#include "weft/codec/json/internal/printer.h"

#include <algorithm>
#include <unordered_map>

#include <google/protobuf/descriptor.h>

#include "weft/codec/schema/message_set.h"

namespace weft::codec::json {
namespace {

constexpr int kDeepest = 1000;

std::string_view from(const char* at, const char* end) noexcept {
  return {at, static_cast<std::size_t>(end - at)};
}

}  // namespace

Printer::Printer(const JsonWriteOptions& options, WireOrigin origin, OutputBytes& out,
                 std::vector<std::string>* unknown_types) noexcept
    : options_(options),
      origin_(origin),
      out_(out),
      unknown_types_(unknown_types),
      begin_(out.size()) {}

bool Printer::print(const MessageTable& table, std::string_view bytes) {
  const FieldPath root;
  if (origin_ == WireOrigin::Peer && !outline_of(table, bytes).well_formed) {
    return malformed(table, root);
  }
  return marked_message(table, bytes, root) &&
         (out_.size() - begin_ <= options_.max_size || fail(Fault::TooLarge, {}, root));
}

bool Printer::print_field(const FieldTable& field, std::string_view bytes) {
  const FieldPath root;
  FieldPath path(&root, field.json_name);
  Occurrences found;
  for (WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire)) break;
    if (number == field.number && fits(field, wire)) {
      found.push_back({&field, reader.position(), wire});
    }
    if (!reader.skip(number, wire)) break;
  }
  const bool printed = found.empty() ? absent_value(field, path)
                                     : value_of(found.data(), found.data() + found.size(),
                                                bytes.data() + bytes.size(), path);
  return printed && (out_.size() - begin_ <= options_.max_size || fail(Fault::TooLarge, {}, root));
}

bool Printer::absent_value(const FieldTable& field, const FieldPath& path) {
  if (field.repeated) {
    out_.put(field.map ? "{}" : "[]");
    return true;
  }
  if (field.kind != FieldKind::Message && field.kind != FieldKind::Group) {
    return default_value(field, path);
  }
  return message(field.message(), {}, path);
}

void Printer::return_to(const Place& place) noexcept {
  out_.truncate(place.size);
  level_ = place.level;
  fault_.clear();
}

bool Printer::message(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  if (table.well_known() == WellKnown::None) [[likely]]
    return object(table, bytes, path);
  return special(table, bytes, path);
}

bool Printer::marked_message(const MessageTable& table, std::string_view bytes,
                             const FieldPath& path) {
  const Place before = place();
  if (message(table, bytes, path)) [[likely]]
    return true;
  if (!may_mark()) return false;
  const Fault fault = fault_.kind();
  return_to(before);
  bool first = true;
  if (fault == Fault::NotWritable) {
    // Its fields have JSON where the type's own form has not.
    out_.put('{');
    ++level_;
    member("\"@fields\":", first);
    if (object(table, bytes, path)) {
      close('}', false);
      return true;
    }
    if (!may_mark()) return false;
    return_to(before);
  }
  first = true;
  out_.put('{');
  ++level_;
  member("\"@value\":", first);
  base64(bytes);
  close('}', false);
  return true;
}

bool Printer::object(const MessageTable& table, std::string_view bytes, const FieldPath& path) {
  if (!open('{', true, path)) return false;
  bool first = true;
  if (!members(table, bytes, first, path)) return false;
  close('}', first);
  return true;
}

bool Printer::members(const MessageTable& table, std::string_view bytes, bool& first,
                      const FieldPath& path) {
  Outline outline;
  // What protobuf has just written needs no look ahead.
  const bool is_plain = origin_ == WireOrigin::Own && table.in_order() && table.has_open_enums();
  if (!is_plain) outline = outline_of(table, bytes);
  if (!outline.well_formed) return malformed(table, path);
  if (out_.size() - begin_ > options_.max_size) return fail(Fault::TooLarge, {}, path);
  const bool printed = outline.ordered ? ordered(table, bytes, first, path, outline)
                                       : sorted(table, bytes, first, path);
  return printed && (!outline.has_others || others(table, bytes, first, path));
}

Printer::Outline Printer::outline_of(const MessageTable& table, std::string_view bytes) const {
  Outline out{.ordered = table.in_order() && table.oneofs() <= 64};
  std::uint64_t oneofs = 0;
  const FieldTable* last = nullptr;
  for (WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire) || !reader.skip(number, wire)) {
      out.well_formed = false;
      return out;
    }
    const FieldTable* field = table.by_number(number);
    if (field == nullptr || !fits(*field, wire)) [[unlikely]] {
      out.has_others = true;
      continue;
    }
    if (last != nullptr && field->index <= last->index) {
      // Entries of a peer's map may have the same key.
      const bool again = field == last && field->repeated;
      if (!again || (field->map && origin_ == WireOrigin::Peer)) out.ordered = false;
    }
    if (field->oneof >= 0 && out.ordered) {
      const std::uint64_t bit = std::uint64_t{1} << field->oneof;
      if ((oneofs & bit) != 0) out.ordered = false;
      oneofs |= bit;
    }
    last = field;
  }
  return out;
}

bool Printer::ordered(const MessageTable& table, std::string_view bytes, bool& first,
                      const FieldPath& path, Outline& outline) {
  const FieldTable* list = nullptr;  // that is open
  std::uint64_t count = 0;
  std::uint32_t next = 0;
  FieldPath here(&path, {});
  for (WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire)) return malformed(table, path);
    const FieldTable* field = table.by_number(number);
    if (field == nullptr || !fits(*field, wire)) [[unlikely]] {
      if (!reader.skip(number, wire)) return malformed(table, path);
      outline.has_others = true;
      continue;
    }
    if (field != list) {
      if (list != nullptr) end_list(*list, count == 0);
      list = nullptr;
      if (options_.defaults && !defaults(table, next, field->index, first)) return false;
      next = field->index + 1;
      name(*field, first);
      here.set_name(field->json_name);
      if (!field->repeated) {
        if (!value(*field, reader, here)) return false;
        continue;
      }
      count = 0;
      list = field;
      if (!begin_list(*field, here)) return false;
    }
    if (!element(*field, reader, wire, count, here)) return false;
  }
  if (list != nullptr) end_list(*list, count == 0);
  return !options_.defaults || defaults(table, next, table.size(), first);
}

bool Printer::sorted(const MessageTable& table, std::string_view bytes, bool& first,
                     const FieldPath& path) {
  Occurrences found;
  std::unordered_map<std::int32_t, std::size_t> last_of_oneof;
  for (WireReader reader(bytes); !reader.at_end();) {
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire)) return malformed(table, path);
    const FieldTable* field = table.by_number(number);
    if (field != nullptr && fits(*field, wire)) {
      // A member of a oneof that comes clears the others.
      if (field->oneof >= 0) {
        const auto [at, is_new] = last_of_oneof.try_emplace(field->oneof, found.size());
        if (!is_new && found[at->second].field != field) {
          for (Occurrence& other : found) {
            if (other.field != nullptr && other.field->oneof == field->oneof) other.field = nullptr;
          }
        }
        at->second = found.size();
      }
      found.push_back({field, reader.position(), wire});
    }
    if (!reader.skip(number, wire)) return malformed(table, path);
  }
  std::erase_if(found, [](const Occurrence& at) { return at.field == nullptr; });
  std::stable_sort(found.begin(), found.end(), [](const Occurrence& a, const Occurrence& b) {
    return a.field->index < b.field->index;
  });
  const char* const end = bytes.data() + bytes.size();
  std::uint32_t next = 0;
  for (std::size_t i = 0; i < found.size();) {
    std::size_t j = i;
    while (j < found.size() && found[j].field == found[i].field) ++j;
    const FieldTable& field = *found[i].field;
    if (options_.defaults && !defaults(table, next, field.index, first)) return false;
    next = field.index + 1;
    if (!group_of(&found[i], &found[i] + (j - i), end, first, path)) return false;
    i = j;
  }
  return !options_.defaults || defaults(table, next, table.size(), first);
}

bool Printer::group_of(const Occurrence* begin, const Occurrence* end, const char* message_end,
                       bool& first, const FieldPath& path) {
  const FieldTable& field = *begin->field;
  FieldPath here(&path, field.json_name);
  name(field, first);
  return value_of(begin, end, message_end, here);
}

bool Printer::value_of(const Occurrence* begin, const Occurrence* end, const char* message_end,
                       FieldPath& here) {
  const FieldTable& field = *begin->field;
  if (field.repeated) return list_of(begin, end, message_end, here);
  if (end - begin > 1 && (field.kind == FieldKind::Message || field.kind == FieldKind::Group)) {
    // What follows is merged into the first, and bytes behind each other mean the same.
    std::string joined;
    for (const Occurrence* at = begin; at != end; ++at) {
      WireReader reader(from(at->at, message_end));
      std::string_view bytes;
      const bool taken = field.kind == FieldKind::Message ? reader.sized(bytes)
                                                          : reader.group(field.number, bytes);
      if (taken) joined += bytes;
    }
    return marked_message(field.message(), joined, here);
  }
  WireReader reader(from(end[-1].at, message_end));
  return value(field, reader, here);
}

bool Printer::list_of(const Occurrence* begin, const Occurrence* end, const char* message_end,
                      FieldPath& path) {
  const FieldTable& field = *begin->field;
  if (!begin_list(field, path)) return false;
  // Of entries with the same key the last one counts.
  std::unordered_map<std::string, const Occurrence*> last;
  std::vector<std::string> keys;
  const bool may_repeat = field.map && origin_ == WireOrigin::Peer;
  if (may_repeat) {
    for (const Occurrence* at = begin; at != end; ++at) {
      WireReader reader(from(at->at, message_end));
      std::string_view bytes;
      reader.sized(bytes);
      last[keys.emplace_back(key_text(field, bytes))] = at;
    }
  }
  std::uint64_t count = 0;
  for (const Occurrence* at = begin; at != end; ++at) {
    if (may_repeat && last[keys[static_cast<std::size_t>(at - begin)]] != at) continue;
    WireReader behind(from(at->at, message_end));
    if (!behind.skip(field.number, at->wire)) return malformed(field.message(), path);
    // What follows may be an element, too, but one that comes later or not at all.
    WireReader reader(from(at->at, behind.position()));
    if (!element(field, reader, at->wire, count, path)) return false;
  }
  end_list(field, count == 0);
  return true;
}

std::string Printer::key_text(const FieldTable& field, std::string_view bytes) {
  const Place before = place();
  FieldPath unused;
  EntryParts parts;
  if (parts_of(field, bytes, parts)) map_key(field.message().field(0), parts, unused);
  std::string text(out_.view().substr(before.size));
  return_to(before);
  return text;
}

bool Printer::others(const MessageTable& table, std::string_view bytes, bool& first,
                     const FieldPath& path) {
  Occurrences found;
  std::string unknown;
  for (WireReader reader(bytes); !reader.at_end();) {
    const char* const begin = reader.position();
    std::uint32_t number = 0;
    WireType wire{};
    if (!reader.tag(number, wire)) return malformed(table, path);
    Occurrence item{nullptr, reader.position(), wire};
    WireReader inner = reader;
    if (!reader.skip(number, wire)) return malformed(table, path);
    const FieldTable* field = table.by_number(number);
    if (field != nullptr && fits(*field, wire)) continue;
    if (table.message_set() && number == 1 && wire == WireType::BeginGroup) {
      std::string_view group;
      const auto held = inner.group(number, group) ? message_set_item(table, group) : std::nullopt;
      if (held) item = {held->field, held->message.position(), WireType::Bytes};
    } else if (field == nullptr) {
      item.field = table.tables().extension(table, number);
      if (item.field != nullptr && !fits(*item.field, wire)) item.field = nullptr;
    }
    if (item.field != nullptr) {
      found.push_back(item);
    } else if (options_.marks) {
      unknown.append(begin, reader.position());
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const Occurrence& a, const Occurrence& b) {
    return a.field->number < b.field->number;
  });
  const char* const end = bytes.data() + bytes.size();
  for (std::size_t i = 0; i < found.size();) {
    std::size_t j = i;
    while (j < found.size() && found[j].field == found[i].field) ++j;
    if (!group_of(&found[i], &found[i] + (j - i), end, first, path)) return false;
    i = j;
  }
  if (unknown.empty()) return true;
  member("\"@unknown\":", first);
  base64(unknown);
  return true;
}

bool Printer::defaults(const MessageTable& table, std::uint32_t from, std::uint32_t to,
                       bool& first) {
  for (; from < to; ++from) {
    const FieldTable& field = table.field(from);
    if (field.has_presence) continue;
    name(field, first);
    if (field.repeated) {
      out_.put(field.map ? "{}" : "[]");
    } else {
      default_value(field, FieldPath());
    }
  }
  if (out_.size() - begin_ <= options_.max_size) return true;
  return fail(Fault::TooLarge, {}, FieldPath());
}

// ---- text

bool Printer::open(char bracket, bool is_message, const FieldPath& path) {
  const int limit = std::min(options_.max_depth, kDeepest);
  // What is too deep is marked as a whole; lists of scalars at the edge are not worth that.
  if (level_ >= limit + (is_message || !options_.marks ? 0 : 1)) {
    return fault_.too_deep(limit, path);
  }
  ++level_;
  out_.put(bracket);
  return true;
}

void Printer::put_indent() {
  const auto spaces = static_cast<std::size_t>(options_.indent) * static_cast<std::size_t>(level_);
  char* const to = out_.room(spaces + 1);
  *to = '\n';
  std::fill_n(to + 1, spaces, ' ');
  out_.advance(spaces + 1);
}

}  // namespace weft::codec::json
