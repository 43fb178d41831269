#include "tests/nats/nats_process.h"

#include <utility>
#include <vector>

#include <sys/wait.h>

#include "tests/peers/program_path.h"
#include "tests/peers/start_program.h"

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
  pid_ = start_program(std::move(words), folder.file("log"));
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
