#include "weft/storage/postgres/connect/internal/connect.h"

#include <string_view>
#include <utility>
#include <vector>

#include "weft/coro/context.h"
#include "weft/net/loop/deadline_guard.h"
#include "weft/net/loop/loop.h"
#include "weft/net/loop/wait.h"
#include "weft/net/socket/readiness.h"
#include "weft/storage/postgres/connect/internal/startup_trace.h"
#include "weft/storage/postgres/internal/postgres_error.h"

namespace weft::postgres {
namespace {

/// As much as a name's addresses may add to the servers that are tried.
constexpr std::size_t kMostAddresses = 8;

class SocketWait final : public net::Wait, private net::StreamHandler {
 public:
  SocketWait(net::Loop& loop, int fd, PostgresPollingStatusType what, TimePoint until)
      : Wait(loop, until), readiness_(loop, fd, *this) {
    if (!readiness_.watches()) {
      complete(resource_exhausted("the system has no file descriptor left"));
    } else if (what == PGRES_POLLING_READING) {
      readiness_.want_read();
    } else {
      readiness_.want_write();
    }
  }

 private:
  void on_readable() noexcept override { complete(); }
  void on_writable() noexcept override { complete(); }

  net::Readiness readiness_;
};

PgConnection start(const Conninfo& info, const Server& server, const std::string& attributes) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  const auto add = [&](const char* name, const std::string& value) {
    names.push_back(name);
    values.push_back(value.c_str());
  };
  for (const auto& [name, value] : info.parameters) add(name.c_str(), value);
  if (!server.host.empty()) add("host", server.host);
  if (!server.address.empty()) add("hostaddr", server.address);
  add("port", server.port);
  add("target_session_attrs", attributes);
  names.push_back(nullptr);
  values.push_back(nullptr);
  return PgConnection(PQconnectStartParams(names.data(), values.data(), 0));
}

Status connect_error(PGconn* connection, const std::string& server) {
  const ConnectError error = read_connect_error(PQerrorMessage(connection));
  return error_with(error.sqlstate, server + ": " + std::string(error.text));
}

net::Address address_of(PGconn* connection) {
  const std::string_view host = PQhostaddr(connection);
  const std::string port = PQport(connection);
  if (host.empty() || host[0] == '/' || host[0] == '@') {
    return net::Address::unix_path(std::string(PQhost(connection)) + "/.s.PGSQL." + port);
  }
  const auto number = static_cast<std::uint16_t>(std::stoi(port));
  const Result<net::Address> address = net::Address::ip(host, number);
  return address.ok() ? *address : net::Address();
}

/// In the mode in which connections are used.
Result<Connected> finished(PgConnection connection, std::string server, std::string_view trace) {
  Connected connected;
  connected.server = std::move(server);
  connected.address = address_of(connection.get());
  connected.cancel_key = cancel_key_in(trace);
  connected.connection = std::move(connection);
  if (PQsetnonblocking(connected.connection.get(), 1) != 0 ||
      PQenterPipelineMode(connected.connection.get()) != 1) {
    return connect_error(connected.connection.get(), connected.server);
  }
  return connected;
}

/// One server, whose address needs no look-up.
Task<Result<Connected>> connect_one(const Conninfo& info, Server server, std::string attributes,
                                    TimePoint until) {
  net::Loop& loop = *net::Loop::current();
  PgConnection connection = start(info, server, attributes);
  if (connection == nullptr) co_return resource_exhausted("no memory for a connection");
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  // The only way to the SQLSTATE of what goes wrong here.
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  StartupTrace trace(connection.get());
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  if (PQstatus(connection.get()) == CONNECTION_BAD) next = PGRES_POLLING_FAILED;
  while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING) {
    Status ready;
    {
      SocketWait wait(loop, PQsocket(connection.get()), next, until);
      ready = co_await wait;
    }
    if (!ready.ok()) co_return ready;
    if (loop.now() >= until) {
      co_return error_with(kNoConnection,
                           server.name() + ": no connection within the connect timeout");
    }
    next = PQconnectPoll(connection.get());
  }
  if (next != PGRES_POLLING_OK) {
    co_return connect_error(connection.get(), server.name());
  }
  const std::string_view said = trace.text();
  co_return finished(std::move(connection), server.name(), said);
}

/// A server once for each of its addresses.
Task<Result<std::vector<Server>>> with_addresses(Server server, TimePoint until) {
  if (!server.is_name()) co_return std::vector<Server>(1, std::move(server));
  net::Loop& loop = *net::Loop::current();
  const Result<std::vector<net::Address>> found =
      co_await net::with_deadline(until, loop.resolve(server.host, 0));
  if (!found.ok()) co_return error_with(kNoConnection, found.status().message());
  std::vector<Server> servers;
  for (const net::Address& address : *found) {
    if (servers.size() == kMostAddresses) break;
    servers.push_back(server);
    servers.back().address = address.host();
  }
  co_return servers;
}

/// What goes wrong with one server, said with what went wrong before.
Status and_before(const Status& before, const Status& status) {
  if (before.ok()) return status;
  return status.with_prefix(before.message());
}

}  // namespace

Task<Result<Connected>> connect(const Conninfo& info, Duration timeout) {
  net::Loop& loop = *net::Loop::current();
  if (loop.is_simulated()) co_return unimplemented("PostgreSQL needs a loop that is not simulated");
  Status failed;
  for (const std::string& attributes : info.session_attributes) {
    for (const Server& server : info.servers) {
      const Result<std::vector<Server>> candidates =
          co_await with_addresses(server, after(loop.now(), timeout));
      if (!candidates.ok()) {
        failed = and_before(failed, candidates.status());
        continue;
      }
      for (const Server& candidate : *candidates) {
        Result<Connected> connected =
            co_await connect_one(info, candidate, attributes, after(loop.now(), timeout));
        if (connected.ok()) co_return connected;
        failed = and_before(failed, connected.status());
      }
    }
  }
  co_return failed;
}

}  // namespace weft::postgres
