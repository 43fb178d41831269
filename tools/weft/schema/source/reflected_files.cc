#include "tools/weft/schema/source/reflected_files.h"

#include <memory>
#include <string_view>
#include <utility>

#include <google/protobuf/descriptor_database.h>

#include "weft/base/log/log_value.h"
#include "weft/base/text/printable.h"

#include "tools/weft/last_resort.h"
#include "tools/weft/schema/message_survey.h"
#include "tools/weft/schema/source/foreign_descriptors.h"

namespace weft::cli {
namespace {

namespace pb = google::protobuf;

// Building the types takes well below a second for what the limits allow.
constexpr Duration kBuildLimit = std::chrono::seconds(10);
constexpr std::size_t kMostErrors = 20;

Status too_many(const std::string& what, std::uint64_t limit) {
  return resource_exhausted("reflection: the server's types need more than " +
                            std::to_string(limit) + " " + what + ", the limit");
}

/// Looks at each element of a file for what the pool would not refuse, or not in time.
class FileCheck {
 public:
  explicit FileCheck(const ReflectionLimits& limits) : limits_(limits) {}

  Status check(const pb::FileDescriptorProto& file) {
    name({}, file.name());
    scope_ = file.package();
    name({}, scope_);
    for (const std::string& import : file.dependency()) name({}, import);
    options(file);
    for (const auto& message : file.message_type()) check_message(message);
    for (const auto& type : file.enum_type()) check_enum(type);
    for (const auto& field : file.extension()) element(field);
    for (const auto& service : file.service()) {
      element(service);
      for (const auto& method : service.method()) element(method);
    }
    return status_;
  }

 private:
  void check_message(const pb::DescriptorProto& message) {
    element(message);
    const std::size_t outer = scope_.size();
    scope_.append(".").append(message.name());
    for (const auto& field : message.field()) element(field);
    for (const auto& field : message.extension()) element(field);
    for (const auto& oneof : message.oneof_decl()) element(oneof);
    for (const auto& range : message.extension_range()) options(range);
    ranges(message.extension_range_size() + message.reserved_range_size());
    for (const auto& type : message.enum_type()) check_enum(type);
    // Messages in each other were counted when the bytes were looked at.
    for (const auto& nested : message.nested_type()) {
      if (status_.ok()) check_message(nested);
    }
    scope_.resize(outer);
  }
  void check_enum(const pb::EnumDescriptorProto& type) {
    element(type);
    for (const auto& value : type.value()) element(value);
    ranges(type.reserved_range_size());
  }
  template <class Element>
  void element(const Element& element) {
    name(scope_, element.name());
    options(element);
  }
  /// What a compiler has not understood yet is not for others: protobuf's reader of such values
  /// has no limit for how deep they are nested.
  template <class Element>
  void options(const Element& element) {
    if (element.options().uninterpreted_option_size() == 0) return;
    refuse(
        internal_error("reflection: a file of the server has options without their types, "
                       "which no compiler leaves in"));
  }
  void name(std::string_view scope, std::string_view name) {
    if (scope.size() + name.size() <= limits_.name) return;
    refuse(resource_exhausted("reflection: the server has a name of " +
                              std::to_string(scope.size() + name.size()) + " bytes, " +
                              log_value(name.substr(0, 60)) + "...; the limit is " +
                              std::to_string(limits_.name)));
  }
  void ranges(int count) {
    if (count <= limits_.ranges) return;
    refuse(resource_exhausted("reflection: a type of the server has " + std::to_string(count) +
                              " ranges of numbers; the limit is " +
                              std::to_string(limits_.ranges)));
  }
  void refuse(const Status& status) {
    if (status_.ok()) status_ = status;
  }

  const ReflectionLimits& limits_;
  std::string scope_;
  Status status_;
};

/// What the pool finds wrong, the first of it.
class Errors final : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*,
                ErrorLocation, const std::string& message) override {
    add(file + ": " + (element.empty() || element == file ? "" : element + ": ") + message);
  }
  void add(const std::string& text) {
    if (++count_ <= kMostErrors) text_ += "\n  " + printable(text);
  }
  std::string text() const {
    if (count_ <= kMostErrors) return text_;
    return text_ + "\n  and " + std::to_string(count_ - kMostErrors) + " more";
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

/// All that one may ask for by name.
std::vector<std::string> symbols_of(const pb::FileDescriptorProto& file) {
  const std::string scope = file.package().empty() ? "" : file.package() + ".";
  std::vector<std::string> symbols;
  for (const auto& service : file.service()) symbols.push_back(scope + service.name());
  for (const auto& message : file.message_type()) symbols.push_back(scope + message.name());
  for (const auto& type : file.enum_type()) symbols.push_back(scope + type.name());
  return symbols;
}

struct Reflected {
  Reflected() : pool(&database, &errors) {}
  Errors errors;
  pb::SimpleDescriptorDatabase database;
  pb::DescriptorPool pool;
};

}  // namespace

Status ReflectedFiles::take(const std::string& bytes) {
  // Before anything is made of them: an empty message of two bytes takes hundreds.
  const Result<MessageSurvey> survey =
      survey_message(*pb::FileDescriptorProto::descriptor(), bytes);
  if (!survey.ok()) return survey.status().with_prefix("reflection");
  if (survey->messages > limits_.elements) return too_many("elements", limits_.elements);
  if (survey->values > limits_.values) return too_many("values", limits_.values);
  pb::FileDescriptorProto file;
  if (!file.ParseFromString(bytes)) {
    return internal_error("reflection: " + std::to_string(bytes.size()) +
                          " bytes from the server are not a FileDescriptorProto");
  }
  if (contains(file.name())) return {};
  if (files_.size() >= limits_.files) return too_many("files", limits_.files);
  bytes_ += bytes.size();
  if (bytes_ > limits_.bytes) return too_many("bytes", limits_.bytes);
  elements_ += survey->messages;
  if (elements_ > limits_.elements) return too_many("elements", limits_.elements);
  values_ += survey->values;
  if (values_ > limits_.values) return too_many("values", limits_.values);
  Status fit = FileCheck(limits_).check(file);
  if (!fit.ok()) return fit;
  name_map_entries(file);
  const Status known = translate_edition(file);
  if (known.ok()) {
    keep(std::move(file));
    return {};
  }
  give_up(file.name(), std::string(known.message()));
  for (const std::string& symbol : symbols_of(file)) {
    leave_out(symbol, printable(file.name()) + ": " + std::string(known.message()));
  }
  return {};
}

void ReflectedFiles::give_up(const std::string& name, const std::string& why) {
  lost_.try_emplace(name, why);
}

void ReflectedFiles::leave_out(const std::string& service, const std::string& why) {
  left_out_.reasons.try_emplace(service, why);
}

bool ReflectedFiles::take_own(const std::string& name) {
  const pb::FileDescriptor* own = pb::DescriptorPool::generated_pool()->FindFileByName(name);
  if (own == nullptr) return false;
  pb::FileDescriptorProto file;
  own->CopyTo(&file);
  keep(std::move(file));
  return true;
}

void ReflectedFiles::keep(pb::FileDescriptorProto file) {
  imports_.insert(imports_.end(), file.dependency().begin(), file.dependency().end());
  std::string name = file.name();
  files_[std::move(name)] = std::move(file);
}

std::string ReflectedFiles::next_missing() {
  while (!imports_.empty() && (contains(imports_.front()) || lost_.contains(imports_.front()))) {
    imports_.pop_front();
  }
  return imports_.empty() ? std::string() : imports_.front();
}

std::string ReflectedFiles::counted() const {
  return std::to_string(files_.size()) + " files of " + std::to_string(bytes_) + " bytes";
}

Result<Schema> ReflectedFiles::schema(std::vector<std::string> services) const {
  const LastResort guard("building the types that the server's reflection describes", kBuildLimit);
  auto reflected = std::make_shared<Reflected>();
  for (const auto& [name, why] : lost_) reflected->errors.add(name + ": " + why);
  for (const auto& [name, file] : files_) {
    // Parts that are not UTF-8, and the like, are reported by the pool below.
    reflected->database.Add(file);
  }
  std::vector<std::string> names;
  std::vector<const pb::FileDescriptorProto*> bad;
  for (const auto& [name, file] : files_) {
    if (reflected->pool.FindFileByName(name) != nullptr) {
      names.push_back(name);
    } else {
      bad.push_back(&file);
    }
  }
  const std::string errors = reflected->errors.text();
  if (names.empty() && (!bad.empty() || !lost_.empty())) {
    return failed_precondition("reflection: the server's files cannot be used" + errors);
  }
  LeftOut left_out = left_out_;
  for (const pb::FileDescriptorProto* file : bad) {
    for (const std::string& symbol : symbols_of(*file)) {
      left_out.reasons.try_emplace(symbol, printable(file->name()) + " does not fit" + errors);
    }
  }
  const pb::DescriptorPool* pool = &reflected->pool;
  return Schema({std::move(reflected), pool}, std::move(services), std::move(names),
                std::move(left_out));
}

}  // namespace weft::cli
