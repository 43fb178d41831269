#include "weft/edge/files/files.h"

#include <string_view>
#include <utility>

#include "weft/base/log.h"
#include "weft/base/log/limit.h"
#include "weft/base/text/printable.h"
#include "weft/edge/files/internal/file_name.h"
#include "weft/edge/files/internal/file_response.h"
#include "weft/edge/files/internal/file_store.h"
#include "weft/rpc/http/field_rule.h"

namespace weft::edge {
namespace {

using rpc::HttpExchange;
using rpc::HttpField;
using rpc::HttpHead;

// A file that is another one each time is given up.
constexpr int kTries = 3;

/// In words, with nothing of what is on the disk.
Task<> refuse(HttpExchange& exchange, int status, std::string_view words) {
  static_cast<void>(co_await exchange.respond(status, "text/plain; charset=utf-8", words));
}

Task<> refuse(HttpExchange& exchange, const Status& status) {
  if (status.code() == StatusCode::NotFound) {
    return refuse(exchange, 404, "there is no such file\n");
  }
  static constinit LogLimit limit(5);
  log(limit, LogLevel::Warn, "a file cannot be served", {{"reason", status.to_string()}});
  if (status.code() == StatusCode::PermissionDenied) {
    return refuse(exchange, 403, "the file may not be read\n");
  }
  return refuse(exchange, 503, "the file cannot be read now\n");
}

Status check_path(const std::string& path) {
  const bool is_root = path == "/";
  if (path.starts_with('/') && (is_root || !path.ends_with('/')) &&
      path.find("//") == std::string::npos) {
    return {};
  }
  return invalid_argument("Files::path is '" + printable(path) +
                          "'; it is \"/\", or begins with one \"/\" and ends in a name");
}

Status check_field(std::string_view option, const HttpField& field) {
  const std::string_view why = rpc::why_no_field(field);
  if (why.empty()) return {};
  return invalid_argument(std::string(option) + ": " + std::string(why));
}

Status check_fields(const Files& files) {
  for (const auto& [name, value] : files.fields) {
    Status valid = check_field("Files::fields: '" + printable(name) + "'", {name, value});
    if (!valid.ok()) return valid;
  }
  return check_field("Files::cache_control", {"cache-control", files.cache_control});
}

class FileHandler final : public rpc::HttpHandler {
 public:
  explicit FileHandler(Files files) : files_(std::move(files)), store_(files_) {}

  Status start(const rpc::Dispatcher&) override {
    Status valid = check_path(files_.path);
    if (valid.ok()) valid = check_fields(files_);
    if (!valid.ok()) return valid;
    if (files_.folder.empty() == files_.embedded.empty()) {
      return invalid_argument("Files has either a folder or embedded files");
    }
    return store_.check();
  }

  bool takes(const HttpHead& head) const override {
    if (head.method != "GET" && head.method != "HEAD") return false;
    const std::string_view path = head.path_only();
    if (!path.starts_with(files_.path)) return false;
    return files_.path == "/" || path.size() == files_.path.size() ||
           path[files_.path.size()] == '/';
  }

  Task<> serve(HttpExchange& exchange) override {
    FileName asked = file_name_of(exchange.head().path_only(), files_.path);
    if (asked.kind == FileName::Kind::Malformed) {
      return refuse(exchange, 400, "the path has a % that two hexadecimal digits do not follow\n");
    }
    if (asked.kind == FileName::Kind::Hidden) return refuse(exchange, not_found("hidden"));
    return serve_file(exchange, std::move(asked));
  }

 private:
  Task<> serve_file(HttpExchange& exchange, FileName asked) {
    if (asked.kind == FileName::Kind::Folder && !exchange.head().path_only().ends_with('/')) {
      co_return co_await redirect(exchange);  // Files::path itself
    }
    std::string name = target_of(asked);
    for (int i = 0; i < kTries; ++i) {
      Result<FileStore::Shared> found = co_await store_.find(name);
      if (falls_back(found, asked)) {
        name = files_.fallback;
        found = co_await store_.find(name);
      }
      if (!found.ok()) co_return co_await refuse(exchange, found.status());
      const FileStore::Shared file = *std::move(found);
      if ((*file)->facts.is_folder) co_return co_await answer_folder(exchange, asked);
      const bool sent = co_await send(exchange, **file, name);
      if (sent) co_return;
      store_.forget(name);
    }
    const Status changing = unavailable("'" + printable(name) + "' changes all the time");
    co_await refuse(exchange, changing);
  }

  static Task<> answer_folder(HttpExchange& exchange, const FileName& asked) {
    // An index that is a folder is none.
    return asked.kind == FileName::Kind::File ? redirect(exchange)
                                              : refuse(exchange, not_found("no index"));
  }

  bool falls_back(const Result<FileStore::Shared>& found, const FileName& asked) const noexcept {
    return !found.ok() && found.status().code() == StatusCode::NotFound &&
           !files_.fallback.empty() && !has_ending(asked.name);
  }

  /// The name of the file that is served for a path. Empty, which is no file's: there is none.
  std::string target_of(const FileName& asked) const {
    if (asked.kind != FileName::Kind::Folder || asked.name.empty()) {
      return asked.kind == FileName::Kind::Folder ? files_.index : asked.name;
    }
    return files_.index.empty() ? std::string() : asked.name + "/" + files_.index;
  }

  /// False where the file is not what it was, and nothing is sent.
  Task<bool> send(HttpExchange& exchange, const KeptFile& file, const std::string& name) {
    const Chosen chosen(file, exchange.head());
    const bool reads = chosen.has_content() && file.is_on_disk() && exchange.head().method == "GET";
    if (!reads) {
      if (!begin_response(exchange, chosen, files_)) co_return true;
      const Message whole = Message(chosen.content()).mark_last();
      static_cast<void>(co_await exchange.response().write(whole));
      co_return true;
    }
    const Result<FileStore::Opened> opened = co_await store_.open(name);
    if (!opened.ok() || (*opened)->facts() != file.facts) co_return false;
    if (begin_response(exchange, chosen, files_)) {
      co_await send_from_disk(exchange, *opened, chosen.selection);
    }
    co_return true;
  }

  /// To a folder's path with its "/", so that what its page names lies below.
  static Task<> redirect(HttpExchange& exchange) {
    const HttpHead& head = exchange.head();
    const std::string_view path = head.path_only();
    std::string location(path);
    location.append("/").append(head.path.substr(path.size()));
    const HttpField fields[] = {{"location", location}, {"content-length", "0"}};
    static_cast<void>(exchange.begin(308, rpc::HttpFields(fields)));
    co_return;
  }

  const Files files_;
  FileStore store_;
};

}  // namespace

std::shared_ptr<rpc::HttpHandler> files(Files options) {
  return std::make_shared<FileHandler>(std::move(options));
}

}  // namespace weft::edge
