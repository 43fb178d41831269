#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "weft/rpc/server.h"

#include "tests/command/notes_service.h"
#include "tests/command/program.h"

namespace weft::test {

/// A server with Notes on a port of this machine, for the tests of one suite.
class NotesServerTest : public ::testing::Test {
 protected:
  NotesServerTest() : server_(options()) {
    server_.add<Notes>();
    const Status status = server_.start();
    EXPECT_TRUE(status.ok()) << status.to_string();
    address_ = "127.0.0.1:" + std::to_string(server_.port());
  }

  /// `weft COMMAND ADDRESS ...`.
  std::vector<std::string> command(const std::string& name,
                                   const std::vector<std::string>& rest) const {
    std::vector<std::string> arguments{name, address_};
    arguments.insert(arguments.end(), rest.begin(), rest.end());
    return arguments;
  }
  Ended weft(const std::string& name, const std::vector<std::string>& rest,
             const std::string& input = {}) const {
    return run_weft(command(name, rest), input);
  }
  /// `weft call ADDRESS weft.test.notes.Notes/METHOD --no-defaults ...`.
  std::vector<std::string> call_command(const std::string& method,
                                        std::vector<std::string> rest) const {
    rest.insert(rest.begin(), {"weft.test.notes.Notes/" + method, "--no-defaults"});
    return command("call", rest);
  }
  Ended call(const std::string& method, const std::vector<std::string>& rest,
             const std::string& input = {}) const {
    return run_weft(call_command(method, rest), input);
  }

  Server server_;
  std::string address_;

 private:
  static ServerOptions options() {
    ServerOptions options;
    options.listen = "127.0.0.1:0";
    return options;
  }
};

}  // namespace weft::test
