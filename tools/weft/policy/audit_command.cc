#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <CLI/App.hpp>

#include "weft/security/audit/audit_chain.h"

#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"

namespace weft::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  weft audit verify audit.jsonl
  weft audit verify audit.jsonl.1 audit.jsonl --key-file /run/secrets/audit
  weft audit verify audit.jsonl --expect 312:5f2c…

Exit status: 0 when each record is as it was written and follows on the one before it, 1 when not,
2 when the files cannot be read.)";

constexpr int kChanged = 1;

struct VerifyFlags {
  std::vector<std::string> files;
  security::AuditVerifyOptions options;
};

Task<int> verify(std::shared_ptr<const VerifyFlags> flags) {
  const Result<security::AuditChain> chain = security::verify_audit(flags->files, flags->options);
  if (!chain.ok()) {
    report(chain.status());
    co_return chain.status().code() == StatusCode::DataLoss ? kChanged : kUsageError;
  }
  std::printf("records %" PRIu64 " to %" PRIu64 ": %" PRIu64 " calls, %" PRIu64 " starts, %" PRIu64
              " calls whose records were lost\n",
              chain->first, chain->last, chain->calls, chain->starts, chain->lost);
  if (chain->incomplete != 0) {
    std::printf("%" PRIu64
                " bytes behind them are no whole record: a crash, or a write under way\n",
                chain->incomplete);
  }
  std::printf("head %s\n", chain->head.c_str());
  co_return 0;
}

}  // namespace

void add_audit_command(CLI::App& app, Command& chosen) {
  CLI::App& audit = *app.add_subcommand("audit", "Look at the audit records of a server");
  audit.require_subcommand(1);
  CLI::App& command =
      *audit.add_subcommand("verify", "Say whether records were changed, removed or added");
  auto flags = std::make_shared<VerifyFlags>();
  command.add_option("FILE", flags->files, "Files of records, the oldest first")->required();
  command.add_option("--key-file", flags->options.key_file,
                     "The key of the server's AuditOptions::key_file (default: none)");
  command.add_option("--expect", flags->options.expect,
                     "A record that has to be there, NUMBER:HASH: the head of an earlier "
                     "verification (default: any)");
  command.footer(kExamples);
  command.callback([flags, &chosen] { chosen = [flags] { return verify(flags); }; });
}

}  // namespace weft::cli
