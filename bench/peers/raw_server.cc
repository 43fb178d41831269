// The other floor: frames of a fixed form, four bytes of length and so many bytes, sent back as
// they come. What sockets and the kernel cost, with no protocol on them.
#include <string>
#include <string_view>

#include "bench/peers/epoll_server.h"

namespace {

// An echo of frames is an echo of bytes: nothing has to be cut to be sent back.
class Raw {
 public:
  bool take(std::string_view input, std::string& output) {
    output.append(input);
    return true;
  }
};

}  // namespace

int main(int argc, char* argv[]) { bench::serve<Raw>(argc, argv); }
