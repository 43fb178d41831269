#include "tools/protoc-gen-weft/names.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include <google/protobuf/descriptor.pb.h>

namespace weft::generator {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;

// Keywords of C++20 (ISO/IEC 14882:2020, 5.11 and 5.5), then the macros that headers of a hosted
// implementation define. In order, for the binary search.
constexpr std::array<std::string_view, 105> kReserved = {"EOF",
                                                         "NULL",
                                                         "alignas",
                                                         "alignof",
                                                         "and",
                                                         "and_eq",
                                                         "asm",
                                                         "assert",
                                                         "auto",
                                                         "bitand",
                                                         "bitor",
                                                         "bool",
                                                         "break",
                                                         "case",
                                                         "catch",
                                                         "char",
                                                         "char16_t",
                                                         "char32_t",
                                                         "char8_t",
                                                         "class",
                                                         "co_await",
                                                         "co_return",
                                                         "co_yield",
                                                         "compl",
                                                         "concept",
                                                         "const",
                                                         "const_cast",
                                                         "consteval",
                                                         "constexpr",
                                                         "constinit",
                                                         "continue",
                                                         "decltype",
                                                         "default",
                                                         "delete",
                                                         "do",
                                                         "double",
                                                         "dynamic_cast",
                                                         "else",
                                                         "enum",
                                                         "errno",
                                                         "explicit",
                                                         "export",
                                                         "extern",
                                                         "false",
                                                         "float",
                                                         "for",
                                                         "friend",
                                                         "goto",
                                                         "if",
                                                         "inline",
                                                         "int",
                                                         "linux",
                                                         "long",
                                                         "major",
                                                         "minor",
                                                         "mutable",
                                                         "namespace",
                                                         "new",
                                                         "noexcept",
                                                         "not",
                                                         "not_eq",
                                                         "nullptr",
                                                         "offsetof",
                                                         "operator",
                                                         "or",
                                                         "or_eq",
                                                         "private",
                                                         "protected",
                                                         "public",
                                                         "register",
                                                         "reinterpret_cast",
                                                         "requires",
                                                         "return",
                                                         "setjmp",
                                                         "short",
                                                         "signed",
                                                         "sizeof",
                                                         "static",
                                                         "static_assert",
                                                         "static_cast",
                                                         "stderr",
                                                         "stdin",
                                                         "stdout",
                                                         "struct",
                                                         "switch",
                                                         "template",
                                                         "this",
                                                         "thread_local",
                                                         "throw",
                                                         "true",
                                                         "try",
                                                         "typedef",
                                                         "typeid",
                                                         "typename",
                                                         "union",
                                                         "unix",
                                                         "unsigned",
                                                         "using",
                                                         "virtual",
                                                         "void",
                                                         "volatile",
                                                         "wchar_t",
                                                         "while",
                                                         "xor",
                                                         "xor_eq"};

void collect_imports(const FileDescriptor& file, std::set<const FileDescriptor*>& files) {
  if (!files.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) collect_imports(*file.dependency(i), files);
}

// Whether protobuf's C++ code for `file` declares `name` in the file's namespace.
bool declares(const FileDescriptor& file, const std::string& name) {
  return file.FindMessageTypeByName(name) != nullptr || file.FindEnumTypeByName(name) != nullptr ||
         file.FindEnumValueByName(name) != nullptr || file.FindExtensionByName(name) != nullptr ||
         (file.options().cc_generic_services() && file.FindServiceByName(name) != nullptr);
}

}  // namespace

bool is_reserved_word(std::string_view name) {
  static_assert(std::ranges::is_sorted(kReserved));
  return std::ranges::binary_search(kReserved, name);
}

std::string namespace_of(const FileDescriptor& file) {
  std::string result;
  std::string part;
  for (const char c : file.package() + ".") {
    if (c != '.') {
      part += c;
    } else if (!part.empty()) {
      if (!result.empty()) result += "::";
      result += is_reserved_word(part) ? part + "_" : part;
      part.clear();
    }
  }
  return result;
}

std::string class_name(const ServiceDescriptor& service, std::string_view suffix) {
  const FileDescriptor& file = *service.file();
  std::set<const FileDescriptor*> visible;
  collect_imports(file, visible);
  std::string name = service.name() + std::string(suffix);
  const auto is_taken = [&](const FileDescriptor* other) {
    return other->package() == file.package() && declares(*other, name);
  };
  while (std::ranges::any_of(visible, is_taken)) name += '_';
  return name;
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
    if (std::isalnum(byte) != 0) {
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
