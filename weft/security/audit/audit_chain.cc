#include "weft/security/audit/audit_chain.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "weft/base/text/printable.h"
#include "weft/base/text/text_cut.h"
#include "weft/security/audit/internal/chain.h"

namespace weft::security {
namespace {

using internal::AuditHasher;
using internal::AuditLine;
using internal::AuditPoint;
using internal::kMostAuditLine;

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// Reads lines of at most kMostAuditLine bytes.
class Lines {
 public:
  explicit Lines(const std::string& path) : file_(std::fopen(path.c_str(), "rbe")) {}
  bool is_open() const noexcept { return file_ != nullptr; }

  /// False at the end of the file: line() has what is behind the last whole line.
  bool next() {
    line_.clear();
    int c = 0;
    while ((c = std::getc(file_.get())) != EOF) {
      if (c == '\n') return true;
      line_ += static_cast<char>(c);
      if (line_.size() > kMostAuditLine) return true;
    }
    return false;
  }
  bool failed() const noexcept { return std::ferror(file_.get()) != 0; }
  const std::string& line() const noexcept { return line_; }

 private:
  File file_;
  std::string line_;
};

/// Holds each line to the one before it.
class Verifier {
 public:
  Verifier(AuditHasher hasher, std::optional<AuditPoint> expected)
      : hasher_(std::move(hasher)), expected_(expected) {}

  Status read(const std::string& path) {
    Lines lines(path);
    if (!lines.is_open()) {
      return unavailable(path + ": " + std::generic_category().message(errno));
    }
    std::uint64_t number = 0;
    while (lines.next()) {
      Status status = take(lines.line(), ++number == 1);
      if (!status.ok()) return status.with_prefix(path + ":" + std::to_string(number));
    }
    if (lines.failed()) return unavailable(path + ": it cannot be read to its end");
    chain_.incomplete += lines.line().size();
    if (number == 0) return data_loss(path + ": there is no record");
    return {};
  }

  Result<AuditChain> end() {
    if (expected_ && !is_found_) {
      return data_loss("record " + expected_->text() + " is not there: the chain has records " +
                       std::to_string(chain_.first) + " to " + std::to_string(chain_.last) +
                       ", and was cut or written anew");
    }
    chain_.head = last_.text();
    return std::move(chain_);
  }

 private:
  Status take(std::string_view text, bool is_first_of_file) {
    const std::optional<AuditLine> line = internal::parse_line(text);
    if (!line) return data_loss("this is no record: " + printable(cut_text(text)));
    Status status;
    if (is_first_of_file) status = internal::check_start(*line, hasher_);
    if (status.ok()) status = check(*line);
    if (!status.ok()) return status;
    count(*line);
    last_ = {line->seq, line->hash};
    return check_expected();
  }

  Status check(const AuditLine& line) const {
    if (hasher_(line.hashed) != line.hash) {
      return data_loss("the record was changed: its hash does not fit its text");
    }
    if (chain_.first == 0) return {};
    if (line.seq != last_.seq + 1) {
      return data_loss("record " + std::to_string(line.seq) + " comes after " +
                       std::to_string(last_.seq) +
                       ": records were removed, added or put in another order");
    }
    if (line.prev == last_.hash) return {};
    return data_loss("record " + std::to_string(line.seq) +
                     " was written after another record than the one in front of it");
  }

  Status check_expected() {
    if (!expected_ || expected_->seq != last_.seq) return {};
    is_found_ = expected_->hash == last_.hash;
    if (is_found_) return {};
    return data_loss("record " + std::to_string(last_.seq) +
                     " has another hash than expected: the chain was written anew");
  }

  void count(const AuditLine& line) {
    if (chain_.first == 0) chain_.first = line.seq;
    chain_.last = line.seq;
    std::string_view members = line.members;
    if (members.starts_with(R"("event":"call")")) ++chain_.calls;
    if (members.starts_with(R"("event":"start")")) ++chain_.starts;
    constexpr std::string_view kLost = R"("event":"lost","calls":)";
    if (!members.starts_with(kLost)) return;
    members.remove_prefix(kLost.size());
    std::uint64_t calls = 0;
    std::from_chars(members.data(), members.data() + members.size(), calls);
    chain_.lost += calls;
  }

  const AuditHasher hasher_;
  const std::optional<AuditPoint> expected_;
  bool is_found_ = false;
  AuditPoint last_;
  AuditChain chain_;
};

}  // namespace

Result<AuditChain> verify_audit(const std::vector<std::string>& files,
                                const AuditVerifyOptions& options) {
  std::optional<AuditPoint> expected;
  if (!options.expect.empty()) {
    expected = internal::parse_point(options.expect);
    if (!expected) {
      return invalid_argument("'" + printable(cut_text(options.expect)) +
                              "' is no record: 312:5f2c… with 64 hexadecimal digits is one");
    }
  }
  Result<AuditHasher> hasher = AuditHasher::make(options.key_file);
  if (!hasher.ok()) return std::move(hasher).status();
  Verifier verifier(*std::move(hasher), expected);
  for (const std::string& file : files) {
    Status status = verifier.read(file);
    if (!status.ok()) return status;
  }
  return verifier.end();
}

}  // namespace weft::security
