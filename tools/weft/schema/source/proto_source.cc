#include "tools/weft/schema/source/proto_source.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/io/zero_copy_stream.h>
#include <google/protobuf/stubs/common.h>

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

class Errors final : public pb::compiler::MultiFileErrorCollector {
 public:
  // Lines and columns count from zero here, and -1 is none.
  void AddError(const std::string& file, int line, int column,
                const std::string& message) override {
    text_ += "\n  " + file;
    if (line >= 0) text_ += ":" + std::to_string(line + 1) + ":" + std::to_string(column + 1);
    text_ += ": " + message;
    if (statement_file_.empty() && message.starts_with("Expected top-level statement")) {
      statement_file_ = file;
      statement_line_ = line;
    }
  }
  const std::string& text() const noexcept { return text_; }
  /// Where protobuf met a word that begins no statement it knows; an empty name for nowhere.
  const std::string& unknown_statement_file() const noexcept { return statement_file_; }
  int unknown_statement_line() const noexcept { return statement_line_; }

 private:
  std::string text_;
  std::string statement_file_;
  int statement_line_ = 0;
};

/// Everything a pool of compiled files leans on.
struct Compiled {
  Compiled()
      : linked_in(*pb::DescriptorPool::generated_pool()),
        database(&tree, &linked_in),
        pool(&database, database.GetValidationErrorCollector()) {
    database.RecordErrorsTo(&errors);
  }

  Errors errors;
  pb::compiler::DiskSourceTree tree;
  pb::DescriptorPoolDatabase linked_in;
  pb::compiler::SourceTreeDescriptorDatabase database;
  pb::DescriptorPool pool;
};

/// The name of a file below an import directory; its own directory becomes one where it is in none.
Result<std::string> import_name(pb::compiler::DiskSourceTree& tree, const std::string& file) {
  using Tree = pb::compiler::DiskSourceTree;
  std::string name;
  std::string shadowing;
  const auto found = tree.DiskFileToVirtualFile(file, &name, &shadowing);
  if (found == Tree::SUCCESS) return name;
  if (found == Tree::SHADOWED) {
    return invalid_argument("--proto " + file +
                            ": another file of that name comes first: " + shadowing);
  }
  const std::unique_ptr<pb::io::ZeroCopyInputStream> below(tree.Open(file));
  if (below != nullptr) return file;
  const std::size_t slash = file.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : file.substr(0, slash + 1);
  tree.MapPath("", directory);
  name = file.substr(slash + 1);
  const std::unique_ptr<pb::io::ZeroCopyInputStream> beside(tree.Open(name));
  if (beside != nullptr) return name;
  return invalid_argument("--proto " + file + ": " + tree.GetLastErrorMessage());
}

/// Line `number`, which counts from zero, of a file of the tree.
std::string line_of(pb::compiler::DiskSourceTree& tree, const std::string& file, int number) {
  const std::unique_ptr<pb::io::ZeroCopyInputStream> stream(tree.Open(file));
  std::string line;
  const void* data = nullptr;
  for (int size = 0; number >= 0 && stream != nullptr && stream->Next(&data, &size);) {
    for (const char c :
         std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size))) {
      if (c == '\n' && --number < 0) break;
      if (number == 0 && c != '\n') line += c;
    }
  }
  return line;
}

/// What protobuf's own message does not say of a file of an edition.
std::string edition_note(Compiled& compiled) {
  const std::string& file = compiled.errors.unknown_statement_file();
  if (file.empty()) return {};
  const std::string line = line_of(compiled.tree, file, compiled.errors.unknown_statement_line());
  if (!line.starts_with("edition")) return {};
  return "\n  " + file +
         " is of an edition, which protobuf before version 27 does not compile, and weft has " +
         pb::internal::VersionString(GOOGLE_PROTOBUF_VERSION) +
         "; without --proto the server is asked for its types";
}

}  // namespace

Result<Schema> compile_protos(const std::vector<std::string>& files,
                              const std::vector<std::string>& import_dirs) {
  auto compiled = std::make_shared<Compiled>();
  for (const std::string& directory : import_dirs) compiled->tree.MapPath("", directory);
  if (import_dirs.empty()) compiled->tree.MapPath("", ".");
  std::vector<std::string> services;
  std::vector<std::string> names;
  for (const std::string& path : files) {
    const Result<std::string> name = import_name(compiled->tree, path);
    if (!name.ok()) return name.status();
    const pb::FileDescriptor* file = compiled->pool.FindFileByName(*name);
    if (file == nullptr) {
      return invalid_argument("--proto " + path + ": it does not compile" +
                              compiled->errors.text() + edition_note(*compiled));
    }
    names.push_back(*name);
    for (int i = 0; i < file->service_count(); ++i) {
      services.push_back(file->service(i)->full_name());
    }
  }
  const pb::DescriptorPool* pool = &compiled->pool;
  return Schema({std::move(compiled), pool}, std::move(services), std::move(names));
}

}  // namespace weft::cli
