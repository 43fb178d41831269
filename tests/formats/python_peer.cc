#include "tests/formats/python_peer.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

namespace weft::test {
namespace {

namespace fs = std::filesystem;

// Of a script that cannot do its work here.
constexpr int kNotInstalled = 77;

}  // namespace

void exchange_with_python(std::string_view script, std::string_view bytes,
                          const std::function<void(const std::string&)>& read_answer) {
  std::string name = (fs::temp_directory_path() / "weft-formats-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  const fs::path folder = name;
  std::ofstream(folder / "in", std::ios::binary) << bytes;
  // Debian's python3 first: another one does not know Debian's packages.
  const std::string command = "PATH=/usr/bin:$PATH python3 '" WEFT_FORMATS_DIR "/" +
                              std::string(script) + "' '" + (folder / "in").string() + "' '" +
                              (folder / "out").string() + "'";
  const int status = std::system(command.c_str());
  std::ifstream file(folder / "out", std::ios::binary);
  const std::string answer(std::istreambuf_iterator<char>(file), {});
  fs::remove_all(folder);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotInstalled) {
    GTEST_SKIP() << "Python has not the module that is named above";
  }
  ASSERT_EQ(status, 0) << "Python read something else, see above";
  read_answer(answer);
}

void expect_same(const formats::Kinds& wanted, const formats::Kinds& found) {
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(wanted, found)) << difference;
}

}  // namespace weft::test
