#pragma once

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <unistd.h>

#include "weft/coro/task.h"

#include "tools/weft/commands.h"
#include "tools/weft/registry/entry_text.h"
#include "tools/weft/terminal.h"

// What the commands share that look into a database.
namespace weft::cli {

struct StoreFlags {
  std::string store;
  std::string id;
  std::size_t most = 100;
  bool json = false;
};

/// A table of `rows(items)`, or `json(item)` on a line for each; `none` to stderr where there are
/// no items.
template <class T, class Rows, class Json>
void print(const std::vector<T>& items, const StoreFlags& flags, const char* none, Rows rows,
           Json json) {
  if (flags.json) {
    for (const T& item : items) std::printf("%s\n", json(item).c_str());
  } else if (items.empty()) {
    std::fprintf(stderr, "%s\n", none);
  } else {
    std::fputs(table_of(rows(items), Style::of(STDOUT_FILENO)).c_str(), stdout);
  }
}

/// A subcommand with its STORE; what else it takes is added to what this gives. `Flags` are
/// StoreFlags with more.
template <class Flags>
std::pair<CLI::App*, std::shared_ptr<Flags>> add_store_command(
    CLI::App& parent, Command& chosen, const char* name, const char* description,
    Task<int> (*run)(std::shared_ptr<const Flags>)) {
  CLI::App* const command = parent.add_subcommand(name, description);
  auto flags = std::make_shared<Flags>();
  command->add_option("STORE", flags->store, "File of SQLite's, or postgres://...")->required();
  command->callback([flags, run, &chosen] { chosen = [flags, run] { return run(flags); }; });
  return {command, flags};
}

inline void add_list_flags(CLI::App& command, StoreFlags& flags) {
  command.add_flag("--json", flags.json, "A JSON object on each line");
  command.add_option("-n,--most", flags.most, "At most so many, the oldest first (default: 100)")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
}

}  // namespace weft::cli
