#include "tools/weft/schema/source/text_source.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <fcntl.h>
#include <unistd.h>

#include "weft/net/loop/asio_loop.h"
#include "weft/net/loop/wait.h"

namespace weft::cli {
namespace {

using Descriptor = boost::asio::posix::stream_descriptor;

class Argument final : public TextSource {
 public:
  Argument(std::string name, std::string text) : name_(std::move(name)), text_(std::move(text)) {}
  Task<Result<std::string>> read() override {
    return Result<std::string>(std::exchange(text_, {}));
  }
  const std::string& name() const noexcept override { return name_; }

 private:
  std::string name_;
  std::string text_;
};

class File final : public TextSource {
 public:
  /// `owned`: the descriptor is closed at the end.
  File(std::string name, int descriptor, bool owned)
      : name_(std::move(name)),
        owned_(owned),
        loop_(static_cast<net::AsioLoop&>(*net::Loop::current())),
        descriptor_(loop_.context()) {
    // What cannot be waited for, a closed standard input say, is found out when it is read.
    boost::system::error_code ignored;
    descriptor_.assign(descriptor, ignored);
  }
  ~File() override {
    // Closing would take standard input from whoever shares it.
    if (!owned_ && descriptor_.is_open()) descriptor_.release();
  }

  Task<Result<std::string>> read() override {
    net::Wait wait(loop_);
    const Waiting waiting(*this, wait);
    Status status = co_await wait;
    if (!status.ok()) co_return status;
    std::string text(std::size_t{64} * 1024, '\0');
    const ssize_t size = ::read(descriptor_.native_handle(), text.data(), text.size());
    if (size >= 0) {
      text.resize(static_cast<std::size_t>(size));
      co_return text;
    }
    co_return invalid_argument(name_ + ": " + std::generic_category().message(errno));
  }
  const std::string& name() const noexcept override { return name_; }

 private:
  /// Asks for readability as long as it lives; the handler may come after the wait has gone.
  class Waiting {
   public:
    Waiting(File& file, net::Wait& wait)
        : file_(file), place_(std::make_shared<net::Wait*>(&wait)) {
      file.descriptor_.async_wait(Descriptor::wait_read, [place = place_, &loop = file.loop_](
                                                             const boost::system::error_code&) {
        // An error says that this kind of file cannot be waited for: a regular one. Reading
        // it does not block, or reports the error itself.
        loop.enter([&place] {
          if (*place != nullptr) (*place)->complete();
        });
      });
    }
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;
    ~Waiting() {
      *place_ = nullptr;
      boost::system::error_code ignored;
      file_.descriptor_.cancel(ignored);
    }

   private:
    File& file_;
    std::shared_ptr<net::Wait*> place_;
  };

  std::string name_;
  bool owned_;
  net::AsioLoop& loop_;
  Descriptor descriptor_;
};

}  // namespace

std::unique_ptr<TextSource> text_argument(std::string name, std::string text) {
  return std::make_unique<Argument>(std::move(name), std::move(text));
}

std::unique_ptr<TextSource> standard_input() {
  return std::make_unique<File>("standard input", STDIN_FILENO, false);
}

Result<std::unique_ptr<TextSource>> open_text(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return invalid_argument("@" + path + ": " + std::generic_category().message(errno));
  }
  return std::unique_ptr<TextSource>(std::make_unique<File>(path, descriptor, true));
}

}  // namespace weft::cli
