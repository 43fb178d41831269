#include "tools/protoc-gen-weft/names.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.pb.h>

#include "weft/base/text/ascii.h"

#include "tools/protoc-gen-weft/macros.h"

namespace weft::generator {
namespace {

namespace cpp = google::protobuf::compiler::cpp;
using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;

// Keywords of C++20 (ISO/IEC 14882:2020, 5.11 and 5.5), and the macro that protobuf treats as one.
// In order, for the binary search.
constexpr std::array<std::string_view, 93> kKeywords = {
    "NULL",         "alignas",   "alignof",       "and",
    "and_eq",       "asm",       "auto",          "bitand",
    "bitor",        "bool",      "break",         "case",
    "catch",        "char",      "char16_t",      "char32_t",
    "char8_t",      "class",     "co_await",      "co_return",
    "co_yield",     "compl",     "concept",       "const",
    "const_cast",   "consteval", "constexpr",     "constinit",
    "continue",     "decltype",  "default",       "delete",
    "do",           "double",    "dynamic_cast",  "else",
    "enum",         "explicit",  "export",        "extern",
    "false",        "float",     "for",           "friend",
    "goto",         "if",        "inline",        "int",
    "long",         "mutable",   "namespace",     "new",
    "noexcept",     "not",       "not_eq",        "nullptr",
    "operator",     "or",        "or_eq",         "private",
    "protected",    "public",    "register",      "reinterpret_cast",
    "requires",     "return",    "short",         "signed",
    "sizeof",       "static",    "static_assert", "static_cast",
    "struct",       "switch",    "template",      "this",
    "thread_local", "throw",     "true",          "try",
    "typedef",      "typeid",    "typename",      "union",
    "unsigned",     "using",     "virtual",       "void",
    "volatile",     "wchar_t",   "while",         "xor",
    "xor_eq"};

using Names = std::set<std::string>;

void collect_imports(const FileDescriptor& file, std::set<const FileDescriptor*>& files) {
  if (!files.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) collect_imports(*file.dependency(i), files);
}

void add_enum(const EnumDescriptor& type, Names& names) {
  names.insert(cpp::ClassName(&type));
  const Descriptor* outer = type.containing_type();
  const std::string prefix = outer == nullptr ? "" : cpp::ClassName(&type) + "_";
  for (int i = 0; i < type.value_count(); ++i)
    names.insert(prefix + cpp::EnumValueName(type.value(i)));
}

void add_message(const Descriptor& type, Names& names) {
  names.insert(cpp::ClassName(&type));
  for (int i = 0; i < type.nested_type_count(); ++i) add_message(*type.nested_type(i), names);
  for (int i = 0; i < type.enum_type_count(); ++i) add_enum(*type.enum_type(i), names);
}

// What protobuf's C++ code for a file declares in the file's namespace.
void add_protobufs_names(const FileDescriptor& file, Names& names) {
  for (int i = 0; i < file.message_type_count(); ++i) add_message(*file.message_type(i), names);
  for (int i = 0; i < file.enum_type_count(); ++i) add_enum(*file.enum_type(i), names);
  for (int i = 0; i < file.extension_count(); ++i) names.insert(file.extension(i)->name());
  if (!file.options().cc_generic_services()) return;
  for (int i = 0; i < file.service_count(); ++i) names.insert(file.service(i)->name());
}

// `name` with as many underscores as make it new to `taken`, to which it is added.
std::string unique(std::string name, Names& taken) {
  while (!taken.insert(name).second) name += '_';
  return name;
}

// The names of the services of one file and of those it imports. Each file's are worked out once.
class NameBook {
 public:
  const std::vector<ServiceNames>& names_of(const FileDescriptor& file) {
    const auto known = known_.find(&file);
    if (known != known_.end()) return known->second;
    Names taken = taken_in(file);
    std::vector<ServiceNames> services(static_cast<std::size_t>(file.service_count()));
    for (std::size_t i = 0; i < services.size(); ++i) {
      const std::string& name = file.service(static_cast<int>(i))->name();
      services[i].service = unique(name + "Service", taken);
      services[i].client = unique(name + "Client", taken);
      services[i].blocking_client = unique(name + "BlockingClient", taken);
    }
    // After all others, so that these have the same names with and without this class.
    for (std::size_t i = 0; i < services.size(); ++i) {
      services[i].calls = unique(file.service(static_cast<int>(i))->name() + "Calls", taken);
    }
    name_constants(file, taken, services);
    return known_[&file] = std::move(services);
  }

 private:
  // The names that a file's classes may not have: they stand in the same namespace, or are
  // namespaces in it.
  Names taken_in(const FileDescriptor& file) {
    std::set<const FileDescriptor*> visible;
    collect_imports(file, visible);
    Names taken;
    const std::string inside = file.package().empty() ? "" : file.package() + ".";
    for (const FileDescriptor* other : visible) {
      if (other->package() == file.package()) {
        add_protobufs_names(*other, taken);
        if (other != &file) add_classes(*other, taken);
      } else if (other->package().starts_with(inside)) {
        taken.insert(other->package().substr(
            inside.size(), other->package().find('.', inside.size()) - inside.size()));
      }
    }
    return taken;
  }

  void add_classes(const FileDescriptor& file, Names& taken) {
    for (const ServiceNames& names : names_of(file)) {
      taken.insert({names.service, names.client, names.blocking_client, names.calls});
    }
  }

  // The constants are used in the bodies of methods, where a method of their name would be found
  // first.
  static void name_constants(const FileDescriptor& file, Names taken,
                             std::vector<ServiceNames>& services) {
    for (int i = 0; i < file.service_count(); ++i) {
      const ServiceDescriptor& service = *file.service(i);
      for (int j = 0; j < service.method_count(); ++j) taken.insert(service.method(j)->name());
    }
    for (std::size_t i = 0; i < services.size(); ++i) {
      const std::string& name = file.service(static_cast<int>(i))->name();
      services[i].methods = unique("k" + name + "Methods", taken);
      services[i].descriptor = unique("k" + name + "Descriptor", taken);
    }
  }

  std::map<const FileDescriptor*, std::vector<ServiceNames>> known_;
};

bool is_keyword(std::string_view name) {
  static_assert(std::ranges::is_sorted(kKeywords));
  return std::ranges::binary_search(kKeywords, name);
}

// "a::b" of "::a::b::Class".
std::string without_class(const std::string& qualified) {
  const std::size_t end = qualified.rfind("::");
  return end == 0 ? "" : qualified.substr(2, end - 2);
}

}  // namespace

bool is_reserved_word(std::string_view name) { return is_keyword(name) || is_macro(name); }

std::string namespace_of(const FileDescriptor& file) {
  if (file.message_type_count() > 0)
    return without_class(cpp::QualifiedClassName(file.message_type(0)));
  if (file.enum_type_count() > 0) return without_class(cpp::QualifiedClassName(file.enum_type(0)));
  std::string result;
  std::string part;
  for (const char c : file.package() + ".") {
    if (c != '.') {
      part += c;
    } else if (!part.empty()) {
      if (!result.empty()) result += "::";
      result += is_keyword(part) ? part + "_" : part;
      part.clear();
    }
  }
  return result;
}

std::vector<ServiceNames> service_names(const FileDescriptor& file) {
  return NameBook().names_of(file);
}

std::vector<std::string> method_names(const ServiceDescriptor& service,
                                      const std::vector<std::string>& taken) {
  std::set<std::string> used(taken.begin(), taken.end());
  for (int i = 0; i < service.method_count(); ++i) used.insert(service.method(i)->name());
  std::vector<std::string> names;
  for (int i = 0; i < service.method_count(); ++i) {
    std::string name = service.method(i)->name();
    if (is_reserved_word(name) || std::ranges::find(taken, name) != taken.end()) {
      do {
        name += '_';
      } while (!used.insert(name).second);
    }
    names.push_back(std::move(name));
  }
  return names;
}

std::string file_identifier(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string identifier;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (ascii::is_alphanumeric(c)) {
      identifier += c;
    } else {
      identifier += '_';
      if (byte >= 16) identifier += kDigits[byte >> 4];
      identifier += kDigits[byte & 15];
    }
  }
  return identifier;
}

}  // namespace weft::generator
