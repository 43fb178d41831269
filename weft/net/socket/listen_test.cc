// Listeners on an AsioLoop: ports, socket files, and a process without descriptors.

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "weft/base/log.h"
#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/internal/test_io.h"
#include "weft/testing/folder.h"

namespace weft::net {
namespace {

using namespace std::chrono_literals;
using test::Accepting;
using test::loopback;
using test::run;
using testing::Folder;

TEST(Listen, NamesTheAddressThatIsInUse) {
  AsioLoop loop;
  Accepting first;
  const Result<Address> address = first.start(loop, loopback());
  ASSERT_TRUE(address.ok());
  Accepting second;
  const Result<Address> again = second.start(loop, *address);
  EXPECT_EQ(again.status().to_string(),
            "ALREADY_EXISTS: " + address->to_string() + ": address in use");
}

TEST(Listen, SharesAPortWhenAsked) {
  AsioLoop loop;
  Accepting first, second;
  const Result<Address> address = first.start(loop, loopback(), {.reuse_port = true});
  ASSERT_TRUE(address.ok());
  EXPECT_TRUE(second.start(loop, *address, {.reuse_port = true}).ok());
}

TEST(Listen, NamesAnAddressThatIsNotOfThisMachine) {
  AsioLoop loop;
  Accepting accepting;
  const Result<Address> address = accepting.start(loop, *Address::ip("192.0.2.1", 0));
  EXPECT_EQ(address.status().to_string(),
            "INVALID_ARGUMENT: 192.0.2.1:0: the address is not one of this machine's");
}

TEST(Listen, ReplacesAStaleSocketFileOnly) {
  const Folder folder;
  const Address address = Address::unix_path(folder.file("s"));
  AsioLoop loop;
  Accepting first;
  ASSERT_TRUE(first.start(loop, address).ok());
  Accepting second;
  EXPECT_EQ(second.start(loop, address).status().to_string(),
            "ALREADY_EXISTS: " + address.to_string() + ": address in use");

  // A hard link keeps the file of a listener that is gone, as after a crash.
  std::filesystem::create_hard_link(address.host(), folder.file("kept"));
  first.listener->close();
  std::filesystem::rename(folder.file("kept"), address.host());
  EXPECT_TRUE(second.start(loop, address).ok());
}

TEST(Listen, LeavesAFileThatIsNoSocketAlone) {
  const Folder folder;
  const Address address = Address::unix_path(folder.write("s", "precious"));
  AsioLoop loop;
  Accepting accepting;
  EXPECT_NE(accepting.start(loop, address).status().message().find("no socket is in the way"),
            std::string_view::npos);
  EXPECT_EQ(std::filesystem::file_size(address.host()), 8U);
}

TEST(Listen, LeavesASuccessorsSocketFileAlone) {
  const Folder folder;
  const Address address = Address::unix_path(folder.file("s"));
  AsioLoop loop;
  Accepting first, second;
  ASSERT_TRUE(first.start(loop, address).ok());
  std::filesystem::remove(address.host());
  ASSERT_TRUE(second.start(loop, address).ok());
  first.listener->close();
  EXPECT_TRUE(std::filesystem::exists(address.host()));
}

TEST(Listen, SetsTheModeOfTheSocketFile) {
  const Folder folder;
  const Address address = Address::unix_path(folder.file("s"));
  AsioLoop loop;
  Accepting accepting;
  ASSERT_TRUE(accepting.start(loop, address, {.unix_mode = 0600}).ok());
  struct stat file {};
  ASSERT_EQ(::stat(address.host().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600U);
}

TEST(Listen, MayBeDestroyedByItsOwnHandler) {
  AsioLoop loop;
  std::unique_ptr<Listener> listener;
  bool accepted = false;
  Result<std::unique_ptr<Listener>> made =
      loop.listen(loopback(), {}, [&](std::unique_ptr<Accepted>) {
        accepted = true;
        listener.reset();
      });
  ASSERT_TRUE(made.ok());
  listener = std::move(made).value();
  EXPECT_TRUE(run(loop, loop.connect(listener->address())).ok());
  run(loop, sleep(1ms)).ok();
  EXPECT_TRUE(accepted);
}

TEST(Listen, KeepsServingWhenTheProcessRunsOutOfDescriptors) {
  AsioLoop loop;
  Accepting accepting;
  const Result<Address> address = accepting.start(loop, loopback());
  ASSERT_TRUE(address.ok());
  int lines = 0;
  set_log_sink([&](LogLevel, std::string_view) { ++lines; });
  // UBSan needs descriptors of its own the first time it sees a type, here those of the sink, of
  // who knows the error's text, and of the loop as its timer's target.
  log(LogLevel::Error, std::generic_category().message(EMFILE));
  run(loop, sleep(1ms)).ok();
  Result<std::unique_ptr<Stream>> client = run(loop, loop.connect(*address));
  ASSERT_TRUE(client.ok());
  std::unique_ptr<Stream> first = run(loop, accepting.next());
  ASSERT_NE(first, nullptr);

  Result<std::unique_ptr<Stream>> second = unavailable("not tried");
  std::vector<int> hoard;
  for (int fd = ::dup(0); fd >= 0; fd = ::dup(0)) hoard.push_back(fd);
  ::close(hoard.back());
  hoard.pop_back();
  second = run(loop, loop.connect(*address));
  EXPECT_TRUE(second.ok());
  run(loop, sleep(1ms)).ok();
  EXPECT_EQ(accepting.waiting(), 0U);
  for (const int fd : hoard) ::close(fd);

  std::unique_ptr<Stream> accepted = run(loop, accepting.next());
  EXPECT_NE(accepted, nullptr);
  set_log_sink({});
  EXPECT_EQ(lines, 2);
}

}  // namespace
}  // namespace weft::net
