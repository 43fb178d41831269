#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "tests/postgres/point_store.h"

namespace weft::test {

/// A program that dies or freezes at a point, which it gets as its last arguments; killed if it is
/// still there at the end.
class PointProcess {
 public:
  PointProcess(const std::string& program, const std::vector<std::string>& words, Point point);
  PointProcess(const PointProcess&) = delete;
  PointProcess& operator=(const PointProcess&) = delete;
  ~PointProcess();

  /// "signal 9", "exit 0", "stopped". `options`: of waitpid().
  std::string wait(int options);
  void go_on() const;

 private:
  pid_t process_ = -1;
};

/// The point of a program's arguments from `arguments[0]` on.
Point point_of(char** arguments);

}  // namespace weft::test
