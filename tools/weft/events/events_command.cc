#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <google/protobuf/util/time_util.h>
#include <unistd.h>

#include "weft/messaging/events/requeue.h"
#include "weft/messaging/log/log_view.h"
#include "weft/net/loop/loop.h"

#include "tools/weft/call/status_text.h"
#include "tools/weft/commands.h"
#include "tools/weft/events/events_text.h"
#include "tools/weft/registry/entry_text.h"
#include "tools/weft/terminal.h"

namespace weft::cli {
namespace {

using messaging::Delivery;
using messaging::LogView;
using messaging::StartAt;

constexpr const char* kExamples = R"(Examples:
  weft events list /var/lib/shop/log
  weft events show /var/lib/shop/log orders.dead
  weft events show /var/lib/shop/log orders --from 4711 -n 1 --json
  weft events tail /var/lib/shop/log orders
  weft events replay /var/lib/shop/log orders billing --time 2026-12-02T04:40:00Z
  weft events requeue /var/lib/shop/log orders.dead

LOG is the folder of an embedded log. list, show and tail read only, also while a program has the
log open; replay and requeue need the log for themselves.)";

constexpr std::size_t kMostAtOnce = 1000;
constexpr Duration kTailPause = std::chrono::milliseconds(200);

struct EventFlags {
  std::string log;
  std::string topic;
  std::string group;
  std::optional<std::uint64_t> from;
  std::string time;
  std::size_t most = 100;
  bool json = false;
};
using Flags = std::shared_ptr<const EventFlags>;

messaging::LogOptions options_of(const EventFlags& flags) {
  messaging::LogOptions options;
  options.folder = flags.log.starts_with("log:") ? flags.log.substr(4) : flags.log;
  return options;
}

template <class T>
void print(const std::vector<T>& items, const EventFlags& flags) {
  if (flags.json) {
    for (const T& item : items) std::printf("%s\n", json_of(item).c_str());
  } else {
    std::fputs(table_of(rows_of(items), Style::of(STDOUT_FILENO)).c_str(), stdout);
  }
}

Result<std::int64_t> milliseconds_of(const std::string& text) {
  google::protobuf::Timestamp time;
  if (google::protobuf::util::TimeUtil::FromString(text, &time)) {
    return static_cast<std::int64_t>(
        google::protobuf::util::TimeUtil::TimestampToMilliseconds(time));
  }
  return invalid_argument("'" + text + "' is no time such as 2026-12-02T04:40:00Z");
}

/// Where the flags say to begin; `otherwise` where they say nothing.
Result<std::uint64_t> begin_of(const LogView& view, const EventFlags& flags,
                               std::uint64_t otherwise) {
  if (flags.from) return *flags.from;
  if (flags.time.empty()) return otherwise;
  const Result<std::int64_t> time = milliseconds_of(flags.time);
  if (!time.ok()) return time.status();
  return view.position_at(flags.topic, *time);
}

Task<int> list(Flags flags) {
  const Result<LogView> view = LogView::open(options_of(*flags));
  if (!view.ok()) co_return report(view.status());
  const Result<std::vector<LogView::Group>> groups = view->groups();
  if (!groups.ok()) co_return report(groups.status());
  print(view->topics(), *flags);
  if (!flags->json) std::fputs("\n", stdout);
  print(*groups, *flags);
  co_return 0;
}

Task<int> show(Flags flags) {
  const Result<LogView> view = LogView::open(options_of(*flags));
  if (!view.ok()) co_return report(view.status());
  const Result<std::uint64_t> begin = begin_of(*view, *flags, 0);
  if (!begin.ok()) co_return report(begin.status());
  const Result<std::vector<Delivery>> events = view->read(flags->topic, *begin, flags->most);
  if (!events.ok()) co_return report(events.status());
  print(*events, *flags);
  co_return 0;
}

Result<std::uint64_t> end_of(const LogView& view, const std::string& topic) {
  for (const LogView::Topic& one : view.topics()) {
    if (one.name == topic) return one.end;
  }
  return not_found("the log has no topic " + topic);
}

/// Until it is interrupted: one line of JSON for each event, or a table for each few.
Task<int> tail(Flags flags) {
  Result<LogView> view = LogView::open(options_of(*flags));
  if (!view.ok()) co_return report(view.status());
  const Result<std::uint64_t> end = end_of(*view, flags->topic);
  if (!end.ok()) co_return report(end.status());
  Result<std::uint64_t> next = begin_of(*view, *flags, *end);
  if (!next.ok()) co_return report(next.status());
  while (true) {
    const Result<std::vector<Delivery>> events = view->read(flags->topic, *next, kMostAtOnce);
    if (!events.ok()) co_return report(events.status());
    for (const Delivery& event : *events) std::printf("%s\n", json_of(event).c_str());
    if (!events->empty()) next = events->back().position + 1;
    if (std::fflush(stdout) != 0) co_return kOutputError;
    const Status waited = co_await net::sleep(kTailPause);
    const Status seen = waited.ok() ? view->refresh() : waited;
    if (!seen.ok()) co_return report(seen);
  }
}

Task<int> replay(Flags flags) {
  StartAt start = StartAt::position(flags->from.value_or(0));
  if (!flags->from && !flags->time.empty()) {
    const Result<std::int64_t> time = milliseconds_of(flags->time);
    if (!time.ok()) co_return report(time.status());
    start = StartAt::time(*time);
  } else if (!flags->from) {
    start = StartAt::oldest();
  }
  co_return report(messaging::replay(options_of(*flags), flags->topic, flags->group, start));
}

Task<int> requeue(Flags flags) {
  // Opening the log to write would make one where there is none.
  {
    const Result<LogView> view = LogView::open(options_of(*flags));
    if (!view.ok()) co_return report(view.status());
    const Result<std::uint64_t> end = end_of(*view, flags->topic);
    if (!end.ok()) co_return report(end.status());
  }
  const Result<std::shared_ptr<messaging::Broker>> log = messaging::open_log(options_of(*flags));
  if (!log.ok()) co_return report(log.status());
  messaging::RequeueOptions options;
  options.dead_letters = flags->topic;
  const Result<std::size_t> count = co_await messaging::requeue(**log, std::move(options));
  if (!count.ok()) co_return report(count.status());
  std::printf("%zu events\n", *count);
  co_return 0;
}

/// A subcommand with its LOG and its topic, if it has one; the rest is added to what this gives.
std::pair<CLI::App*, std::shared_ptr<EventFlags>> add(CLI::App& parent, Command& chosen,
                                                      const char* name, const char* description,
                                                      Task<int> (*run)(Flags)) {
  CLI::App* const command = parent.add_subcommand(name, description);
  auto flags = std::make_shared<EventFlags>();
  command->add_option("LOG", flags->log, "Folder of an embedded log")->required();
  command->callback([flags, run, &chosen] { chosen = [flags, run] { return run(flags); }; });
  return {command, flags};
}

void add_topic(CLI::App& command, EventFlags& flags) {
  command.add_option("TOPIC", flags.topic, "Topic of the log")->required();
}

void add_place(CLI::App& command, EventFlags& flags) {
  CLI::Option* const from =
      command.add_option("--from", flags.from, "From this position on")->type_name("POSITION");
  command.add_option("--time", flags.time, "From what was stored at this time (RFC 3339) on")
      ->type_name("TIME")
      ->excludes(from);
}

void add_json(CLI::App& command, EventFlags& flags) {
  command.add_flag("--json", flags.json, "A JSON object on each line");
}

}  // namespace

void add_events_command(CLI::App& app, Command& chosen) {
  CLI::App& command = *app.add_subcommand("events", "Look into an event log, and repeat events");
  command.footer(kExamples);
  command.require_subcommand(1);
  const auto [list_command, list_flags] =
      add(command, chosen, "list", "List topics, and groups with what they have to handle", list);
  add_json(*list_command, *list_flags);
  const auto [show_command, show_flags] =
      add(command, chosen, "show", "Show events of a topic, the oldest first", show);
  add_topic(*show_command, *show_flags);
  add_place(*show_command, *show_flags);
  add_json(*show_command, *show_flags);
  show_command->add_option("-n,--most", show_flags->most, "At most so many (default: 100)")
      ->type_name("N")
      ->check(CLI::PositiveNumber);
  const auto [tail_command, tail_flags] =
      add(command, chosen, "tail", "Show events as they come, as JSON", tail);
  add_topic(*tail_command, *tail_flags);
  add_place(*tail_command, *tail_flags);
  const auto [replay_command, replay_flags] =
      add(command, chosen, "replay", "Have a group get events again", replay);
  add_topic(*replay_command, *replay_flags);
  replay_command->add_option("GROUP", replay_flags->group, "The group")->required();
  add_place(*replay_command, *replay_flags);
  const auto [requeue_command, requeue_flags] =
      add(command, chosen, "requeue", "Publish dead letters again, where they came from", requeue);
  add_topic(*requeue_command, *requeue_flags);
}

}  // namespace weft::cli
