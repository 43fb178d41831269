#include "weft/net/dns/internal/ares_resolver.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

#include <ares.h>
#include <sys/time.h>

#include "weft/base/text/ascii.h"
#include "weft/net/dns/internal/dns_message.h"
#include "weft/net/loop/internal/descriptor.h"
#include "weft/net/loop/wait.h"
#include "weft/net/socket/internal/socket_address.h"
#include "weft/net/socket/internal/socket_error.h"

namespace weft::net::internal {
namespace {

// c-ares' own figures, five seconds and four tries, outlast the deadlines of most calls.
constexpr int kTimeoutMilliseconds = 2000;
constexpr int kTries = 3;

// RFC 1035, 3.2.4; RFC 2782.
constexpr int kClassIn = 1;
constexpr int kTypeSrv = 33;

Status init_library() {
  static std::once_flag once;
  static int result = ARES_SUCCESS;
  std::call_once(once, [] { result = ares_library_init(ARES_LIB_INIT_ALL); });
  if (result == ARES_SUCCESS) return ok_status();
  return internal_error("c-ares cannot start: " + as_clause(ares_strerror(result)));
}

class LookupWait final : public Wait {
 public:
  using Wait::Wait;
  DnsAnswer found;
};

void limit_ttl(DnsAnswer& answer, std::int64_t seconds) {
  answer.ttl =
      std::min<Duration>(answer.ttl, std::chrono::seconds(std::max<std::int64_t>(0, seconds)));
}

void collect(const ares_addrinfo& from, std::uint16_t port, DnsAnswer& into) {
  for (const ares_addrinfo_node* node = from.nodes; node != nullptr; node = node->ai_next) {
    SocketAddress address;
    if (node->ai_addrlen > sizeof(address.storage)) continue;
    std::memcpy(&address.storage, node->ai_addr, node->ai_addrlen);
    address.size = node->ai_addrlen;
    Result<Address> literal = Address::ip(address.to_address().host(), port);
    if (!literal) continue;
    into.addresses.push_back(std::move(*literal));
    limit_ttl(into, node->ai_ttl);
  }
  for (const ares_addrinfo_cname* name = from.cnames; name != nullptr; name = name->next) {
    limit_ttl(into, name->ttl);
  }
}

}  // namespace

namespace {

/// The SRV records of a reply; a status of c-ares'.
int read_services(const unsigned char* reply, int size, DnsAnswer& into) {
  ares_srv_reply* first = nullptr;
  const int status = ares_parse_srv_reply(reply, size, &first);
  const std::unique_ptr<ares_srv_reply, void (*)(void*)> guard(first, &ares_free_data);
  if (status != ARES_SUCCESS) return status;
  for (const ares_srv_reply* record = first; record != nullptr; record = record->next) {
    into.services.push_back({.host = record->host,
                             .port = record->port,
                             .priority = record->priority,
                             .weight = record->weight});
  }
  // What c-ares gives of a record of this kind has no TTL.
  limit_ttl(into,
            least_ttl({reinterpret_cast<const char*>(reply), static_cast<std::size_t>(size)}));
  return status;
}

}  // namespace

/// A query under way at c-ares, which cannot give one up: who no longer waits leaves `wait` null.
struct AresResolver::Lookup {
  static void finish(void* argument, int status, int, ares_addrinfo* result) {
    const std::unique_ptr<Lookup> self(static_cast<Lookup*>(argument));
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> guard(result,
                                                                             &ares_freeaddrinfo);
    if (self->wait == nullptr) return;
    if (status == ARES_SUCCESS && result != nullptr) {
      collect(*result, self->port, self->wait->found);
    }
    self->end(status);
  }
  static void finish_services(void* argument, int status, int, unsigned char* reply, int size) {
    const std::unique_ptr<Lookup> self(static_cast<Lookup*>(argument));
    if (self->wait == nullptr) return;
    if (status == ARES_SUCCESS) status = read_services(reply, size, self->wait->found);
    self->end(status);
  }
  void end(int status) {
    *back = nullptr;
    wait->complete(status == ARES_SUCCESS ? ok_status()
                                          : unavailable(as_clause(ares_strerror(status))));
  }
  LookupWait* wait;
  Lookup** back;
  std::uint16_t port;
};

/// One of c-ares' sockets. c-ares opens and closes it; here it is only watched.
struct AresResolver::Watch final : StreamHandler {
  Watch(AresResolver& owner, int socket)
      : resolver(owner), descriptor(Descriptor::adopt(owner.loop_, socket)) {
    descriptor->set_handler(this);
  }
  ~Watch() { descriptor->release(); }
  // Processing may end this watch, so nothing of it is touched afterwards.
  void on_readable() noexcept override { resolver.process(descriptor->fd(), ARES_SOCKET_BAD); }
  void on_writable() noexcept override { resolver.process(ARES_SOCKET_BAD, descriptor->fd()); }
  void want() noexcept {
    if (readable) descriptor->want_read();
    if (writable) descriptor->want_write();
  }
  AresResolver& resolver;
  DescriptorRef descriptor;
  bool readable = false;
  bool writable = false;
};

AresResolver::AresResolver(AsioLoop& loop)
    : Timer(&AresResolver::timed_out), loop_(loop), opened_(open()) {}

AresResolver::~AresResolver() {
  if (channel_ != nullptr) ares_destroy(channel_);
}

Status AresResolver::open() {
  if (Status status = init_library(); !status.ok()) return status;
  ares_options options{};
  options.timeout = kTimeoutMilliseconds;
  options.tries = kTries;
  options.sock_state_cb = &AresResolver::socket_state;
  options.sock_state_cb_data = this;
  const int result = ares_init_options(
      &channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB);
  if (result == ARES_SUCCESS) return ok_status();
  channel_ = nullptr;
  return internal_error("c-ares cannot start: " + as_clause(ares_strerror(result)));
}

Status AresResolver::set_servers(std::string_view servers) {
  if (!opened_.ok()) return opened_;
  ares_cancel(channel_);
  const std::string text(servers);
  const int result = ares_set_servers_ports_csv(channel_, text.c_str());
  if (result == ARES_SUCCESS) return ok_status();
  return invalid_argument("name servers '" + text + "': " + as_clause(ares_strerror(result)));
}

void AresResolver::start(const DnsQuestion& question, Lookup* lookup) {
  if (!opened_.ok()) {
    Lookup::finish(lookup, ARES_ENOTINITIALIZED, 0, nullptr);
    return;
  }
  if (question.kind == DnsQuestion::Kind::Services) {
    ares_query(channel_, question.name.c_str(), kClassIn, kTypeSrv, &Lookup::finish_services,
               lookup);
  } else {
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, question.name.c_str(), nullptr, &hints, &Lookup::finish, lookup);
  }
  rearm_timer();
}

void AresResolver::socket_state(void* self, int fd, int readable, int writable) {
  auto& resolver = *static_cast<AresResolver*>(self);
  if (readable == 0 && writable == 0) {
    resolver.watches_.erase(fd);
    return;
  }
  std::unique_ptr<Watch>& watch = resolver.watches_[fd];
  if (watch == nullptr) watch = std::make_unique<Watch>(resolver, fd);
  watch->readable = readable != 0;
  watch->writable = writable != 0;
  watch->want();
}

void AresResolver::timed_out(Timer& timer) noexcept {
  static_cast<AresResolver&>(timer).process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void AresResolver::process(int readable_fd, int writable_fd) noexcept {
  ares_process_fd(channel_, readable_fd, writable_fd);
  const int fd = readable_fd != ARES_SOCKET_BAD ? readable_fd : writable_fd;
  if (const auto watch = watches_.find(fd); watch != watches_.end()) watch->second->want();
  rearm_timer();
}

void AresResolver::rearm_timer() noexcept {
  timeval left{};
  if (ares_timeout(channel_, nullptr, &left) == nullptr) {
    Timer::cancel();
    return;
  }
  loop_.arm(*this, loop_.now() + std::chrono::seconds(left.tv_sec) +
                       std::chrono::microseconds(left.tv_usec));
}

namespace {

/// Tells the query that nobody waits for it any more.
struct LookupGuard {
  explicit LookupGuard(AresResolver::Lookup* started) noexcept : lookup(started) {}
  LookupGuard(const LookupGuard&) = delete;
  LookupGuard& operator=(const LookupGuard&) = delete;
  ~LookupGuard() {
    if (lookup != nullptr) lookup->wait = nullptr;
  }
  AresResolver::Lookup* lookup;
};

Task<Result<DnsAnswer>> ask(AresResolver& resolver, DnsQuestion question) {
  LookupWait wait(resolver.loop());
  LookupGuard guard(
      new AresResolver::Lookup{.wait = &wait, .back = nullptr, .port = question.port});
  guard.lookup->back = &guard.lookup;
  resolver.start(question, guard.lookup);
  const bool at_once = guard.lookup == nullptr;
  const Status status = co_await wait;
  if (!status.ok()) co_return status.with_prefix("name '" + question.name + "' cannot be resolved");
  if (wait.found.addresses.empty() && wait.found.services.empty()) {
    co_return unavailable(
        "name '" + question.name + "' cannot be resolved: it has no " +
        (question.kind == DnsQuestion::Kind::Services ? "SRV records" : "addresses"));
  }
  // From /etc/hosts, for which c-ares says a TTL of 0.
  if (at_once) wait.found.ttl = kForever;
  co_return std::move(wait.found);
}

}  // namespace

Task<Result<DnsAnswer>> look_up_name(AresResolver& resolver, DnsQuestion question) {
  if (question.name.empty()) return invalid_argument("the host to resolve is empty");
  // RFC 6761 section 6.3: this machine, also where the root's dot makes it a name that no hosts
  // file has.
  if (ascii::equal_without_case(question.name, "localhost.")) question.name.pop_back();
  if (question.kind == DnsQuestion::Kind::Addresses) {
    if (Result<Address> literal = Address::ip(question.name, question.port)) {
      DnsAnswer one;
      one.addresses.push_back(std::move(literal).value());
      return one;
    }
  }
  return ask(resolver, std::move(question));
}

}  // namespace weft::net::internal
