#include "tests/command/program.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::test {
namespace {

struct Ends {
  int read = -1;
  int write = -1;
};

Ends make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  return {.read = ends[0], .write = ends[1]};
}

Ends make_terminal() {
  Ends ends;
  if (openpty(&ends.read, &ends.write, nullptr, nullptr, nullptr) != 0) std::abort();
  fcntl(ends.read, F_SETFD, FD_CLOEXEC);
  fcntl(ends.write, F_SETFD, FD_CLOEXEC);
  return ends;
}

[[noreturn]] void become(std::string path, const std::vector<std::string>& arguments,
                         const std::vector<std::string>& environment) {
  std::vector<char*> argv{path.data()};
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  unsetenv("NO_COLOR");
  setenv("TERM", "xterm", 1);
  std::vector<std::string> variables = environment;
  for (std::string& variable : variables) putenv(variable.data());
  execv(path.c_str(), argv.data());
  _exit(127);
}

/// Nothing comes back from a full device; reading from it ends at once.
Ends make_full_device() {
  return {.read = open("/dev/null", O_RDONLY | O_CLOEXEC),
          .write = open("/dev/full", O_WRONLY | O_CLOEXEC)};
}

Ends make_output(Program::Output output) {
  switch (output) {
    case Program::Output::Terminal:
      return make_terminal();
    case Program::Output::Full:
      return make_full_device();
    case Program::Output::Pipe:
      break;
  }
  return make_pipe();
}

void close_end(int& descriptor) {
  if (descriptor >= 0) close(std::exchange(descriptor, -1));
}

/// Reads what is there; closes the descriptor at its end.
void drain(int& descriptor, std::string& into) {
  std::array<char, 4096> buffer;
  const ssize_t size = read(descriptor, buffer.data(), buffer.size());
  // A terminal whose other end is gone says EIO.
  if (size > 0) into.append(buffer.data(), static_cast<std::size_t>(size));
  if (size <= 0 && errno != EINTR) close_end(descriptor);
}

}  // namespace

Program::Program(const std::string& path, const std::vector<std::string>& arguments, Output output,
                 const std::vector<std::string>& environment) {
  // Writing to a program that has ended is an error to look at, not the end of the tests.
  std::signal(SIGPIPE, SIG_IGN);
  const Ends in = make_pipe();
  const Ends out = make_output(output);
  const Ends err = make_pipe();
  process_ = fork();
  if (process_ == 0) {
    std::signal(SIGPIPE, SIG_DFL);
    dup2(in.read, STDIN_FILENO);
    dup2(out.write, STDOUT_FILENO);
    dup2(err.write, STDERR_FILENO);
    become(path, arguments, environment);
  }
  for (const int end : {in.read, out.write, err.write}) close(end);
  in_ = in.write;
  out_ = out.read;
  err_ = err.read;
}

Program::~Program() {
  if (process_ > 0) {
    signal(SIGKILL);
    waitpid(process_, nullptr, 0);
  }
  close_end(in_);
  close_end(out_);
  close_end(err_);
}

void Program::write(const std::string& text) const {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t size = ::write(in_, text.data() + done, text.size() - done);
    if (size < 0) return;
    done += static_cast<std::size_t>(size);
  }
}

void Program::close_input() { close_end(in_); }

bool Program::read_some() {
  std::array<pollfd, 2> ends = {
      {{.fd = out_, .events = POLLIN, .revents = 0}, {.fd = err_, .events = POLLIN, .revents = 0}}};
  if (out_ < 0 && err_ < 0) return false;
  constexpr int kPatience = 60'000;
  if (poll(ends.data(), ends.size(), kPatience) <= 0) {
    signal(SIGKILL);
    return false;
  }
  if (ends[0].revents != 0) drain(out_, ended_.out);
  if (ends[1].revents != 0) drain(err_, ended_.err);
  return true;
}

std::string Program::read_line() {
  while (ended_.out.find('\n') == std::string::npos && read_some()) {
  }
  const std::size_t end = ended_.out.find('\n');
  std::string line = ended_.out.substr(0, end);
  ended_.out.erase(0, end == std::string::npos ? end : end + 1);
  return line;
}

std::string Program::wait_for_error_line(const std::string& text) {
  for (;;) {
    const std::size_t found = ended_.err.find(text);
    const std::size_t end = found == std::string::npos ? found : ended_.err.find('\n', found);
    if (end != std::string::npos) {
      const std::size_t begin = ended_.err.rfind('\n', found) + 1;
      return ended_.err.substr(begin, end - begin);
    }
    if (!read_some()) return {};
  }
}

bool Program::wait_for_error(const std::string& text) {
  while (ended_.err.find(text) == std::string::npos && read_some()) {
  }
  return ended_.err.find(text) != std::string::npos;
}

void Program::signal(int number) const { kill(process_, number); }

Ended Program::wait() {
  close_end(in_);
  while (read_some()) {
  }
  int status = 0;
  waitpid(std::exchange(process_, -1), &status, 0);
  ended_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return std::move(ended_);
}

Ended run_weft(const std::vector<std::string>& arguments, const std::string& input) {
  Program program(kWeft, arguments);
  program.write(input);
  return program.wait();
}

}  // namespace weft::test
