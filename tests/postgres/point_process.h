#pragma once

#include <string>
#include <vector>

#include "tests/postgres/child_process.h"
#include "tests/postgres/point_store.h"

namespace weft::test {

/// A program that dies or freezes at a point, which it gets as its last arguments.
class PointProcess : public ChildProcess {
 public:
  PointProcess(const std::string& program, const std::vector<std::string>& words, Point point);
};

/// The point of a program's arguments from `arguments[0]` on.
Point point_of(char** arguments);

}  // namespace weft::test
