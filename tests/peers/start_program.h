#pragma once

#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace weft::test {

/// Starts a program, the path of which is the first word, with its output behind what is in `log`;
/// its process. It gets `at_our_end` when the test ends: one that crashes leaves no server behind.
/// `prepare` runs in the child before.
inline pid_t start_program(std::vector<std::string> words, const std::string& log,
                           int at_our_end = SIGKILL, void (*prepare)() = nullptr) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child > 0) return child;
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(fd, 1);
  ::dup2(fd, 2);
  if (prepare != nullptr) prepare();
  // After another user was taken, which takes it back.
  ::prctl(PR_SET_PDEATHSIG, at_our_end);
  if (::getppid() != parent) ::_exit(1);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace weft::test
