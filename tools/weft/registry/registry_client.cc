#include "tools/weft/registry/registry_client.h"

#include <cstdio>
#include <string_view>
#include <vector>

#include <unistd.h>

#include "weft/base/text/printable.h"
#include "weft/registry/v1/registry.weft.h"

#include "tools/weft/call/status_text.h"
#include "tools/weft/registry/entry_text.h"
#include "tools/weft/terminal.h"

namespace weft::cli {
namespace {

namespace v1 = registry::v1;

constexpr std::string_view kScheme = "weft://";

void print_line(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

}  // namespace

Task<int> list_instances(std::shared_ptr<const RegistryFlags> flags) {
  Channel channel(flags->connection.target, flags->connection.channel_options());
  const v1::RegistryClient client{channel};
  v1::ListRequest request;
  request.set_service(flags->service);
  const CallOptions options = flags->connection.call_options();
  auto reader = co_await client.List(request, options);
  std::vector<v1::Entry> entries;
  v1::ListResponse part;
  while (co_await reader.read(part)) {
    entries.insert(entries.end(), part.entries().begin(), part.entries().end());
  }
  const Status status = co_await reader.finish();
  if (!status.ok()) co_return report(status);
  if (flags->json) {
    for (const v1::Entry& entry : entries) print_line(json_line(entry));
  } else if (entries.empty()) {
    std::fputs("no instances\n", stderr);
  } else {
    std::fputs(table_of(entries, Style::of(STDOUT_FILENO)).c_str(), stdout);
  }
  co_return 0;
}

Task<int> watch_instances(std::shared_ptr<const RegistryFlags> flags) {
  Channel channel(flags->connection.target, flags->connection.channel_options());
  const v1::RegistryClient client{channel};
  v1::WatchRequest request;
  request.set_service(flags->service);
  const CallOptions options = flags->connection.call_options();
  auto reader = co_await client.Watch(request, options);
  const Style style = Style::of(STDOUT_FILENO);
  v1::WatchResponse response;
  while (co_await reader.read(response)) {
    if (response.has_heartbeat()) continue;
    if (flags->json) {
      print_line(json_line(response));
      continue;
    }
    for (const std::string& line : lines_of(response, style)) print_line(line);
  }
  const Status status = co_await reader.finish();
  co_return report(status);
}

bool names_registry(const std::string& target) {
  if (!target.starts_with(kScheme)) return false;
  const std::size_t slash = target.find('/', kScheme.size());
  return slash == std::string::npos || slash + 1 == target.size();
}

Task<int> list_registry(const ConnectionFlags& flags) {
  std::string host = flags.target.substr(kScheme.size());
  host = host.substr(0, host.find_first_of(",/"));
  if (host.starts_with(':')) host.insert(0, "localhost");
  Channel channel(host, flags.channel_options());
  const v1::RegistryClient client{channel};
  v1::ListServicesRequest request;
  const CallOptions options = flags.call_options();
  for (;;) {
    const auto response = co_await client.ListServices(request, options);
    if (!response.ok()) co_return report(response.status());
    for (const auto& service : response->services()) print_line(printable(service.name()));
    if (!response->more() || response->services().empty()) co_return 0;
    // A registry that goes in circles is not followed.
    const std::string& last = response->services().rbegin()->name();
    if (last <= request.after()) co_return report(data_loss("the list of services is in disorder"));
    request.set_after(last);
  }
}

}  // namespace weft::cli
