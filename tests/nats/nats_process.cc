#include "tests/nats/nats_process.h"

#include <stdexcept>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/peers/program_path.h"

namespace weft::test {

bool have_nats() { return !program_path("nats-server").empty(); }

void NatsProcess::start() {
  std::vector<std::string> words = {program_path("nats-server"),
                                    "--addr",
                                    "127.0.0.1",
                                    "--port",
                                    std::to_string(port),
                                    "--config",
                                    folder.write("config", config_)};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string log = folder.file("log");
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ > 0) return;
  // A test that crashes leaves no broker behind.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(fd, 1);
  ::dup2(fd, 2);
  ::execv(arguments[0], arguments.data());
  ::_exit(127);
}

void NatsProcess::signal(int signal) const {
  ::kill(pid_, signal);
  // Its threads do not stop at once.
  if (signal == SIGSTOP) ::waitpid(pid_, nullptr, WUNTRACED);
}

void NatsProcess::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace weft::test
