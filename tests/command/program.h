#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

namespace weft::test {

/// The weft command of this build.
inline const std::string kWeft = WEFT_COMMAND;

/// What a program left behind.
struct Ended {
  int status = -1;  ///< exit status; 128 + n after signal n
  std::string out;
  std::string err;
};

/// A program that runs, with pipes for its three streams, or a terminal for its output. What waits
/// gives up after a minute: then the program is killed, and what it wrote is what was waited for.
class Program {
 public:
  enum class Output { Pipe, Terminal, Full };

  /// `environment` is added to this process's own: "NAME=value".
  Program(const std::string& path, const std::vector<std::string>& arguments,
          Output output = Output::Pipe, const std::vector<std::string>& environment = {});
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  void write(const std::string& text) const;
  void close_input();
  /// The next line of standard output, without its end.
  std::string read_line();
  /// Waits until standard error has `text` in it.
  bool wait_for_error(const std::string& text);
  /// The line of standard error that has `text` in it, once it is complete; empty where none comes.
  std::string wait_for_error_line(const std::string& text);
  void signal(int number) const;
  /// Closes the input, reads what is left and waits for the end.
  Ended wait();

 private:
  bool read_some();

  pid_t process_ = -1;
  int in_ = -1;
  int out_ = -1;
  int err_ = -1;
  Ended ended_;
};

/// Runs the weft command to its end, with `input` as standard input.
Ended run_weft(const std::vector<std::string>& arguments, const std::string& input = {});

}  // namespace weft::test
