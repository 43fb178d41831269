#include "tests/fleet/instance.h"

#include <stdexcept>
#include <utility>

#include "weft/net/wait.h"

#include "fleet.weft.h"

namespace weft::fleet {

class Instance::Worker final : public ::fleet::WorkService {
 public:
  explicit Worker(Instance& owner) noexcept : owner_(owner) {}

  Task<Result<::fleet::Done>> Do(ServerContext&, const ::fleet::Job&) override {
    const Busy busy(owner_);
    const Behaviour& behaviour = owner_.behaviour_;
    if (behaviour.computes != Duration::zero()) {
      owner_.host_.work(slowed(behaviour.computes, behaviour));
    }
    if (behaviour.longest != Duration::zero()) {
      const auto span = static_cast<double>((behaviour.longest - behaviour.shortest).count());
      const Duration part(static_cast<std::int64_t>(span * owner_.host_.rng().uniform()));
      const Status slept = co_await net::sleep(slowed(behaviour.shortest + part, behaviour));
      if (!slept.ok()) co_return slept;
    }
    ::fleet::Done done;
    done.set_by(owner_.name_);
    co_return done;
  }

 private:
  struct Busy {
    explicit Busy(Instance& of) noexcept : owner(of) {
      ++owner.served_;
      ++owner.under_way_;
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() { --owner.under_way_; }
    Instance& owner;
  };
  static Duration slowed(Duration time, const Behaviour& behaviour) {
    return Duration(
        static_cast<std::int64_t>(static_cast<double>(time.count()) * behaviour.slowness));
  }
  Instance& owner_;
};

Instance::Instance(net::SimNetwork& network, std::string host, std::string announce,
                   ServerOptions options)
    : network_(network),
      host_(network.host(host)),
      name_(std::move(host)),
      announce_(std::move(announce)),
      options_(std::move(options)) {
  options_.listen = ":1";
  options_.loops = {&host_};
  if (!announce_.empty()) options_.announce = announce_;
}

Instance::~Instance() { crash(); }

void Instance::start() {
  network_.set_down(name_, false);
  stopping_ = false;
  server_ = std::make_unique<Server>(options_);
  server_->add(std::make_shared<Worker>(*this));
  host_.enter([this] {
    const Status status = server_->start();
    if (!status.ok()) throw std::runtime_error(status.to_string());
  });
}

void Instance::stop() {
  if (server_ == nullptr || std::exchange(stopping_, true)) return;
  host_.enter([this] {
    stop_ = server_->shutdown();
    stop_.start(nullptr, {[](void*) noexcept {}, nullptr});
  });
}

void Instance::crash() {
  if (server_ == nullptr) return;
  network_.set_down(name_, true);
  host_.enter([this] { stop_ = Task<>(); });
  server_.reset();
}

}  // namespace weft::fleet
