#pragma once

#include <csignal>
#include <string>
#include <vector>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::test {

/// A program that runs; killed if it is still there at the end.
class ChildProcess {
 public:
  explicit ChildProcess(const std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.data()));
    arguments.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      ::execv(arguments[0], arguments.data());
      ::_exit(127);
    }
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() {
    if (process_ <= 0) return;
    ::kill(process_, SIGKILL);
    static_cast<void>(wait(0));
  }

  /// "signal 9", "exit 0", "stopped"; "running" with WNOHANG.
  std::string wait(int options) {
    int status = 0;
    if (::waitpid(process_, &status, options) == 0) return "running";
    if (WIFSTOPPED(status)) return "stopped";
    process_ = -1;
    if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
    return "exit " + std::to_string(WEXITSTATUS(status));
  }
  void go_on() const { ::kill(process_, SIGCONT); }

 private:
  pid_t process_ = -1;
};

}  // namespace weft::test
