#include "tools/weft/schema/proto_text.h"

#include <algorithm>

#include <google/protobuf/descriptor.h>

#include "weft/base/text/printable.h"

#include "tools/weft/schema/near_names.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

bool in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

/// Where the comment or string that begins at `at` ends; `at` when there begins none.
std::size_t skip_quoted(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) == "//") return std::min(text.find('\n', at), text.size());
  if (text.substr(at, 2) == "/*") {
    const std::size_t end = text.find("*/", at + 2);
    return end == std::string_view::npos ? text.size() : end + 2;
  }
  if (text[at] != '"' && text[at] != '\'') return at;
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != quote; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

std::string_view first_part(std::string_view name) { return name.substr(0, name.find('.')); }

bool hidden_in_messages(std::string_view name, const NameScope& scope) {
  return scope.types.contains(first_part(name)) || scope.members.contains(name);
}

/// Whether the search meets another symbol called as the first part of `full` in the file's package
/// or in one around it.
bool hidden_in_packages(std::string_view full, const NameScope& scope) {
  std::string outer = scope.package;
  while (!outer.empty() && scope.exists) {
    if (scope.exists(outer + "." + std::string(first_part(full)))) return true;
    const std::size_t dot = outer.rfind('.');
    outer.resize(dot == std::string::npos ? 0 : dot);
  }
  return false;
}

/// `name` begins with a dot.
std::string_view short_name(std::string_view name, const NameScope& scope) {
  const std::string_view full = name.substr(1);
  if (!scope.package.empty() && full.starts_with(scope.package + ".")) {
    const std::string_view rest = full.substr(scope.package.size() + 1);
    if (!rest.empty() && !hidden_in_messages(rest, scope)) return rest;
  }
  return hidden_in_messages(full, scope) || hidden_in_packages(full, scope) ? name : full;
}

void add_names(const pb::EnumDescriptor& type, NameScope& scope) {
  scope.types.insert(type.name());
  for (int i = 0; i < type.value_count(); ++i) scope.members.insert(type.value(i)->name());
}

/// What stands in `message`.
void add_names(const pb::Descriptor& message, NameScope& scope) {
  for (int i = 0; i < message.field_count(); ++i) scope.members.insert(message.field(i)->name());
  for (int i = 0; i < message.oneof_decl_count(); ++i) {
    scope.members.insert(message.oneof_decl(i)->name());
  }
  for (int i = 0; i < message.extension_count(); ++i) {
    scope.members.insert(message.extension(i)->name());
  }
  for (int i = 0; i < message.enum_type_count(); ++i) add_names(*message.enum_type(i), scope);
  for (int i = 0; i < message.nested_type_count(); ++i) {
    scope.types.insert(message.nested_type(i)->name());
    add_names(*message.nested_type(i), scope);
  }
}

NameScope scope_of(const pb::FileDescriptor& file) {
  NameScope scope;
  scope.package = file.package();
  for (int i = 0; i < file.message_type_count(); ++i) add_names(*file.message_type(i), scope);
  for (int i = 0; i < file.service_count(); ++i) {
    const pb::ServiceDescriptor& service = *file.service(i);
    for (int j = 0; j < service.method_count(); ++j) {
      scope.members.insert(service.method(j)->name());
    }
  }
  scope.exists = [pool = file.pool()](const std::string& name) {
    return pool->FindFileContainingSymbol(name) != nullptr;
  };
  return scope;
}

/// Whether a group is what the language makes of one: the type stands where the field does, and has
/// its name, so that there is one field for each such type.
bool is_usual_group(const pb::FieldDescriptor& field) {
  const pb::Descriptor& type = *field.message_type();
  std::string name = type.name();
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  const pb::Descriptor* scope =
      field.is_extension() ? field.extension_scope() : field.containing_type();
  return type.containing_type() == scope && type.file() == field.file() && name == field.name();
}

/// `parent` is a file or a message.
template <class D>
bool has_usual_extensions(const D& parent) {
  for (int i = 0; i < parent.extension_count(); ++i) {
    const pb::FieldDescriptor& field = *parent.extension(i);
    if (field.type() == pb::FieldDescriptor::TYPE_GROUP && !is_usual_group(field)) return false;
  }
  return true;
}

bool has_usual_groups(const pb::Descriptor& message) {
  for (int i = 0; i < message.field_count(); ++i) {
    const pb::FieldDescriptor& field = *message.field(i);
    if (field.type() == pb::FieldDescriptor::TYPE_GROUP && !is_usual_group(field)) return false;
  }
  for (int i = 0; i < message.nested_type_count(); ++i) {
    if (!has_usual_groups(*message.nested_type(i))) return false;
  }
  return has_usual_extensions(message);
}

bool has_usual_groups(const pb::FileDescriptor& file) {
  for (int i = 0; i < file.message_type_count(); ++i) {
    if (!has_usual_groups(*file.message_type(i))) return false;
  }
  return has_usual_extensions(file);
}

template <class D>
std::string raw_text(const D& descriptor, const pb::FileDescriptor& file) {
  pb::DebugStringOptions options;
  options.include_comments = true;
  // protobuf writes the type of a group where its field is: a server's descriptor may have a group
  // of the type it is in, which would never end.
  options.elide_group_body = !has_usual_groups(file);
  return descriptor.DebugStringWithOptions(options);
}

template <class D>
std::string text_in(const D& descriptor, const pb::FileDescriptor& file) {
  return shorten_names(raw_text(descriptor, file), scope_of(file));
}

/// "// pkg.Name in pkg/file.proto".
template <class D>
std::string heading(const D& descriptor) {
  return "// " + descriptor.full_name() + " in " + printable(descriptor.file()->name()) + "\n";
}

template <class D>
std::string text_of(const D& descriptor) {
  return heading(descriptor) + text_in(descriptor, *descriptor.file());
}

std::string method_text(const pb::MethodDescriptor& method) {
  std::string text = heading(method) + text_in(method, *method.file());
  text += "\n" + text_of(*method.input_type());
  if (method.output_type() != method.input_type()) text += "\n" + text_of(*method.output_type());
  return text;
}

/// A field is shown in its message: alone it is not .proto text.
std::string field_text(const pb::FieldDescriptor& field) {
  if (!field.is_extension()) return text_of(*field.containing_type());
  return heading(field) + text_in(field, *field.file());
}

}  // namespace

std::string shorten_names(std::string_view text, const NameScope& scope) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = skip_quoted(text, at);
    if (end != at) {
      out += text.substr(at, end - at);
      at = end;
      continue;
    }
    while (end < text.size() && in_name(text[end])) ++end;
    if (end == at) {
      out += text[at++];
      continue;
    }
    const std::string_view name = text.substr(at, end - at);
    out += name.starts_with('.') && name.size() > 1 ? short_name(name, scope) : name;
    at = end;
  }
  return out;
}

Result<std::string> describe(const Schema& schema, std::string_view symbol) {
  const pb::DescriptorPool& pool = schema.pool();
  std::string name(symbol);
  if (name.ends_with(".proto")) {
    if (const auto* file = pool.FindFileByName(name)) {
      return "// " + printable(file->name()) + "\n" + text_in(*file, *file);
    }
  }
  if (name.starts_with('.') || name.starts_with('/')) name.erase(0, 1);
  std::replace(name.begin(), name.end(), '/', '.');
  if (const auto* service = pool.FindServiceByName(name)) return text_of(*service);
  if (const auto* method = pool.FindMethodByName(name)) return method_text(*method);
  if (const auto* message = pool.FindMessageTypeByName(name)) return text_of(*message);
  if (const auto* type = pool.FindEnumTypeByName(name)) return text_of(*type);
  if (const auto* value = pool.FindEnumValueByName(name)) return text_of(*value->type());
  if (const auto* field = pool.FindFieldByName(name)) return field_text(*field);
  if (const auto* extension = pool.FindExtensionByName(name)) return field_text(*extension);
  if (const auto* oneof = pool.FindOneofByName(name)) return text_of(*oneof->containing_type());
  Status left_out = schema.usable(name);
  if (!left_out.ok()) return left_out;
  return invalid_argument("there is no symbol '" + name + "'" +
                          did_you_mean(name, schema.symbols()));
}

}  // namespace weft::cli
