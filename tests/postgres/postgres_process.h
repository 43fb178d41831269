#pragma once

#include <csignal>
#include <string>
#include <vector>

#include <sys/types.h>

#include "weft/testing/folder.h"

namespace weft::test {

/// Whether PostgreSQL's server is installed.
bool have_postgres();

/// A PostgreSQL server: a process with a folder and a Unix socket of its own. PostgreSQL does not
/// run as root; there it runs as nobody. No settings that are for the disk's sake.
class PostgresProcess {
 public:
  /// Makes the database's files and starts, with so many prepared transactions at most.
  explicit PostgresProcess(int max_prepared = 50);
  PostgresProcess(const PostgresProcess&) = delete;
  PostgresProcess& operator=(const PostgresProcess&) = delete;
  ~PostgresProcess();

  /// The user is "owner", whom the server trusts; `more` follows, as " user=x password=y".
  std::string connection_string(const std::string& more = {}) const;
  /// Replaces pg_hba.conf's lines before those of the owner, and has them read.
  void set_access(const std::string& lines);

  void start();
  /// Sends `signal` to the server; SIGINT ends it and SIGQUIT crashes it, which is waited for.
  void signal(int signal);
  /// To the server and to each process that serves a connection.
  void signal_all(int signal);
  int port() const noexcept { return port_; }
  /// Where its socket is.
  const std::string& folder() const noexcept { return path_; }
  /// Writes a file for the server.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  void run(const std::vector<std::string>& words) const;
  void wait_until_it_is_ready() const;
  void signal_children(int signal) const;
  /// Its processes get `signal` meanwhile.
  void wait_for_its_end(int signal);

  const testing::Folder folder_;
  const std::string path_;
  const int max_prepared_;
  int port_;
  pid_t pid_ = -1;
};

/// The server of this program, which is started by its first use.
PostgresProcess& server();

}  // namespace weft::test
