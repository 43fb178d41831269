#pragma once

#include <string>
#include <utility>
#include <vector>

#include "weft/base/result.h"
#include "weft/base/time.h"

namespace weft::postgres {

/// A server that a connection string names.
struct Server {
  std::string host;     ///< a name, a literal address, or a Unix socket's folder ("/run", "@name")
  std::string address;  ///< libpq's hostaddr; empty: `host` has to be looked up, if it is a name
  std::string port;
  /// Whether `host` has to be looked up.
  bool is_name() const noexcept {
    return address.empty() && !host.empty() && host[0] != '/' && host[0] != '@';
  }
  /// "db1:5432" or "/run/postgresql:5432", for messages.
  std::string name() const { return (host.empty() ? address : host) + ":" + port; }
};

/// A connection string that was read: the servers, and the parameters that are the same for all.
struct Conninfo {
  std::vector<Server> servers;
  std::vector<std::pair<std::string, std::string>> parameters;
  /// Values of target_session_attrs: each is tried with all servers before the next.
  std::vector<std::string> session_attributes;

  /// The server ends connections whose transaction waits for longer than `idle_transaction`, unless
  /// the text says otherwise. INVALID_ARGUMENT, which never has the text in it.
  static Result<Conninfo> parse(const std::string& text, Duration idle_transaction);
};

}  // namespace weft::postgres
