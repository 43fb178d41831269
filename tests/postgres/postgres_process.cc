#include "tests/postgres/postgres_process.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>
#include <utility>

#include <grp.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/peers/free_port.h"
#include "tests/peers/start_program.h"

namespace weft::test {
namespace {

using namespace std::chrono_literals;

/// Debian's folders, and one where ./dev setup has unpacked the package.
std::string programs() {
  for (const char* root : {"", WEFT_BUILD_FOLDER "/../postgresql"}) {
    for (const char* version : {"15", "16", "14"}) {
      const std::string folder = std::string(root) + "/usr/lib/postgresql/" + version + "/bin";
      if (::access((folder + "/postgres").c_str(), X_OK) == 0) return folder;
    }
  }
  return {};
}

const passwd* other_user() { return ::geteuid() == 0 ? ::getpwnam("nobody") : nullptr; }

void become_other_user() {
  const passwd* const user = other_user();
  if (user == nullptr) return;
  if (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0) {
    ::_exit(126);
  }
}

pid_t start(std::vector<std::string> words, const std::string& log) {
  return start_program(std::move(words), log, SIGQUIT, &become_other_user);
}

void give_to_other_user(const std::string& path) {
  const passwd* const user = other_user();
  if (user != nullptr && ::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
    throw std::runtime_error("cannot give away " + path);
  }
}

}  // namespace

bool have_postgres() {
  // Also to the user that it runs as: a folder on the way may be closed to it.
  static const bool reachable = [] {
    if (programs().empty()) return false;
    int status = 1;
    ::waitpid(start({programs() + "/postgres", "--version"}, "/dev/null"), &status, 0);
    return status == 0;
  }();
  return reachable;
}

PostgresProcess::PostgresProcess(int max_prepared)
    : path_(folder_.file("pg")), max_prepared_(max_prepared), port_(free_port()) {
  std::filesystem::permissions(folder_.file(""), std::filesystem::perms::others_exec,
                               std::filesystem::perm_options::add);
  std::filesystem::create_directory(path_);
  give_to_other_user(path_);
  run({programs() + "/initdb", "-D", path_ + "/data", "-U", "owner", "-A", "trust", "-E", "UTF8",
       "--locale=C", "--no-sync"});
  start();
}

PostgresProcess::~PostgresProcess() { signal(SIGQUIT); }

void PostgresProcess::run(const std::vector<std::string>& words) const {
  int status = 0;
  ::waitpid(test::start(words, folder_.file("log")), &status, 0);
  if (status != 0) throw std::runtime_error(words[0] + " failed; see " + folder_.file("log"));
}

void PostgresProcess::start() {
  pid_ = test::start(
      {programs() + "/postgres", "-D", path_ + "/data", "-k", path_, "-p", std::to_string(port_),
       "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=20", "-c",
       "shared_buffers=16MB", "-c", "max_prepared_transactions=" + std::to_string(max_prepared_)},
      folder_.file("log"));
  wait_until_it_is_ready();
}

void PostgresProcess::wait_until_it_is_ready() const {
  // As pg_ctl does: the server writes its state into this file.
  for (int i = 0; i < 2000; ++i) {
    std::ifstream file(path_ + "/data/postmaster.pid");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    if (text.starts_with(std::to_string(pid_)) && text.find("\nready") != std::string::npos) return;
    std::this_thread::sleep_for(10ms);
  }
  throw std::runtime_error("PostgreSQL does not get ready; see " + folder_.file("log"));
}

std::string PostgresProcess::connection_string(const std::string& more) const {
  return "host=" + path_ + " port=" + std::to_string(port_) + " dbname=postgres" +
         (more.find("user=") == std::string::npos ? " user=owner" : "") + more;
}

std::string PostgresProcess::write(const std::string& name, const std::string& text) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path) << text;
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  give_to_other_user(path);
  return path;
}

void PostgresProcess::set_access(const std::string& lines) {
  write("data/pg_hba.conf", lines + "local all owner trust\nhost all owner 127.0.0.1/32 trust\n");
  signal(SIGHUP);
}

void PostgresProcess::signal(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  if (signal != SIGINT && signal != SIGQUIT) return;
  // Also where it was frozen.
  ::kill(pid_, SIGCONT);
  wait_for_its_end(signal == SIGQUIT ? SIGKILL : SIGTERM);
}

void PostgresProcess::signal_children(int signal) const {
  const std::string id = std::to_string(pid_);
  std::ifstream list("/proc/" + id + "/task/" + id + "/children");
  for (pid_t child = 0; list >> child;) ::kill(child, signal);
}

void PostgresProcess::wait_for_its_end(int signal) {
  int status = 0;
  while (::waitpid(pid_, &status, WNOHANG) == 0) {
    // The server does not tell those that it has for clients which came since. Each waits for its
    // client's first words, for a minute; the client may be on the loop whose thread waits here.
    signal_children(signal);
    std::this_thread::sleep_for(5ms);
  }
  pid_ = -1;
}

void PostgresProcess::signal_all(int signal) {
  signal_children(signal);
  ::kill(pid_, signal);
}

PostgresProcess& server() {
  static PostgresProcess only;
  return only;
}

}  // namespace weft::test
