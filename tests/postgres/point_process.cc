#include "tests/postgres/point_process.h"

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

namespace weft::test {

PointProcess::PointProcess(const std::string& program, const std::vector<std::string>& words,
                           Point point) {
  std::vector<std::string> all = {program};
  all.insert(all.end(), words.begin(), words.end());
  all.push_back(std::to_string(point.signal));
  all.push_back(std::to_string(point.number));
  all.emplace_back(point.when == Point::When::Before ? "before" : "after");
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  process_ = ::fork();
  if (process_ == 0) {
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
}

PointProcess::~PointProcess() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  static_cast<void>(wait(0));
}

std::string PointProcess::wait(int options) {
  int status = 0;
  ::waitpid(process_, &status, options);
  if (WIFSTOPPED(status)) return "stopped";
  process_ = -1;
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "exit " + std::to_string(WEXITSTATUS(status));
}

void PointProcess::go_on() const { ::kill(process_, SIGCONT); }

Point point_of(char** arguments) {
  return {.number = std::stoi(arguments[1]),
          .when = std::string(arguments[2]) == "before" ? Point::When::Before : Point::When::After,
          .signal = std::stoi(arguments[0])};
}

}  // namespace weft::test
