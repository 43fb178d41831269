#include "tests/postgres/point_process.h"

#include <utility>

namespace weft::test {
namespace {

std::vector<std::string> command(const std::string& program, const std::vector<std::string>& words,
                                 Point point) {
  std::vector<std::string> all = {program};
  all.insert(all.end(), words.begin(), words.end());
  all.push_back(std::to_string(point.signal));
  all.push_back(std::to_string(point.number));
  all.emplace_back(point.when == Point::When::Before ? "before" : "after");
  return all;
}

}  // namespace

PointProcess::PointProcess(const std::string& program, const std::vector<std::string>& words,
                           Point point)
    : ChildProcess(command(program, words, point)) {}

Point point_of(char** arguments) {
  return {.number = std::stoi(arguments[1]),
          .when = std::string(arguments[2]) == "before" ? Point::When::Before : Point::When::After,
          .signal = std::stoi(arguments[0])};
}

}  // namespace weft::test
