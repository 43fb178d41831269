#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace weft::process {

/// The program of these tests in a process of its own; killed if it still runs at the end.
class Child {
 public:
  /// `prepare` runs in the new process before the program does; only what fork(2) allows.
  explicit Child(std::vector<std::string> arguments, const std::function<void()>& prepare = {});
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  void signal(int number) const;
  /// "exit 0", "signal 15", or "still runs" after a minute and a half.
  std::string wait();

 private:
  pid_t process_ = -1;
};

}  // namespace weft::process
