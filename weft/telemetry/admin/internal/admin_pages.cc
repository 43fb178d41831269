#include "weft/telemetry/admin/internal/admin_pages.h"

#include <array>
#include <initializer_list>
#include <optional>
#include <stdexcept>

#include "weft/base/text/printable.h"
#include "weft/telemetry/admin/internal/give_way.h"
#include "weft/telemetry/admin/internal/log_levels_page.h"
#include "weft/telemetry/prometheus/accept.h"
#include "weft/telemetry/prometheus/text_writer.h"

namespace weft::telemetry::internal {
namespace {

constexpr std::string_view kPlain = "text/plain; charset=utf-8";
// What is written in one turn: some 40 microseconds' work, a fifth of what a loop may be held.
constexpr std::size_t kPiece = std::size_t{16} * 1024;
// Prometheus gives up after ten seconds; a slower reader is not one.
constexpr Duration kScrapeTime = std::chrono::seconds(60);

/// Takes as long for any guess of the same length.
bool same_secret(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  unsigned different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    different |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return different == 0;
}

/// Counts a scrape as long as it lives.
class Scrape {
 public:
  Scrape(std::atomic<std::size_t>& count, std::size_t most) noexcept
      : count_(count), admitted_(count.fetch_add(1, std::memory_order_relaxed) < most) {}
  Scrape(const Scrape&) = delete;
  Scrape& operator=(const Scrape&) = delete;
  ~Scrape() { count_.fetch_sub(1, std::memory_order_relaxed); }
  bool admitted() const noexcept { return admitted_; }

 private:
  std::atomic<std::size_t>& count_;
  const bool admitted_;
};

Status begin_page(rpc::HttpExchange& exchange, int status, std::string_view type) {
  return exchange.begin(status, {{"content-type", type},
                                 {"cache-control", "no-store"},
                                 {"x-content-type-options", "nosniff"}});
}

Task<> respond(rpc::HttpExchange& exchange, int status, std::string text) {
  if (!begin_page(exchange, status, kPlain).ok()) co_return;
  const Message whole = Message(Bytes::copy_of(text)).mark_last();
  static_cast<void>(co_await exchange.response().write(whole));
}

}  // namespace

const AdminPages::Page* AdminPages::find(std::string_view path) noexcept {
  static constexpr std::array<Page, 4> kPages{
      {{"/metrics", Role::Metrics, &AdminPages::serve_metrics},
       {"/healthz", Role::Metrics, &AdminPages::serve_health},
       {"/readyz", Role::Metrics, &AdminPages::serve_readiness},
       {"/log/levels", Role::Read, &AdminPages::serve_log_levels, &AdminPages::change_log_levels}}};
  for (const Page& page : kPages) {
    if (page.path == path) return &page;
  }
  return nullptr;
}

Task<> AdminPages::serve(rpc::HttpExchange& exchange) {
  const rpc::HttpHead& head = exchange.head();
  if (!open_.load(std::memory_order_acquire)) return respond(exchange, 403, "not open yet\n");
  const Role role = role_of(head);
  if (role == Role::None) return challenge(exchange);
  const Page* const page = find(head.path_only());
  if (page == nullptr) {
    return respond(exchange, 404,
                   "no page '" + printable(head.path.substr(0, 64)) +
                       "' here; there are /metrics, /healthz, /readyz and /log/levels\n");
  }
  const bool changes = head.method == "POST" && page->change != nullptr;
  if (role < (changes ? Role::Change : page->role)) {
    return respond(exchange, 403,
                   role == Role::Metrics ? "this token is for metrics only\n"
                                         : "this token is not for changes\n");
  }
  if (changes) return page->change(*this, exchange);
  if (head.method != "GET" && head.method != "HEAD") {
    return refuse_method(exchange, *page);
  }
  return page->serve(*this, exchange);
}

AdminPages::Role AdminPages::role_of(const rpc::HttpHead& head) const noexcept {
  const auto& [metrics, read, change] = tokens_;
  if (metrics.empty() && read.empty() && change.empty()) return Role::Change;
  constexpr std::string_view kBearer = "Bearer ";
  std::string_view shown = head.field("authorization");
  if (!shown.starts_with(kBearer)) return Role::None;
  shown.remove_prefix(kBearer.size());
  const auto is = [shown](const std::string& token) {
    return !token.empty() && same_secret(shown, token);
  };
  if (is(change)) return Role::Change;
  if (is(read)) return change.empty() ? Role::Change : Role::Read;
  return is(metrics) ? Role::Metrics : Role::None;
}

Task<> AdminPages::refuse_method(rpc::HttpExchange& exchange, const Page& page) {
  const std::string_view allowed = page.change == nullptr ? "GET, HEAD" : "GET, HEAD, POST";
  if (!exchange.begin(405, {{"content-type", kPlain}, {"allow", allowed}}).ok()) co_return;
  const Message whole =
      Message(Bytes::copy_of("this page takes " + std::string(allowed) + "\n")).mark_last();
  static_cast<void>(co_await exchange.response().write(whole));
}

Task<> AdminPages::challenge(rpc::HttpExchange& exchange) {
  if (!exchange.begin(401, {{"content-type", kPlain}, {"www-authenticate", "Bearer"}}).ok()) {
    co_return;
  }
  const Message whole =
      Message(Bytes::copy_of("show the token (authorization: Bearer ...)\n")).mark_last();
  static_cast<void>(co_await exchange.response().write(whole));
}

/// One piece at a time: the next is made when the last one has been taken, and after the loop's
/// other work.
Task<> AdminPages::serve_metrics(AdminPages& self, rpc::HttpExchange& exchange) {
  const Scrape scrape(self.scrapes_, self.options_.max_scrapes);
  if (!scrape.admitted()) {
    co_await respond(exchange, 503,
                     "too many scrapes at the same time (AdminOptions::max_scrapes)\n");
    co_return;
  }
  const TextFormat format = choose_format(exchange.head().field("accept"));
  if (!begin_page(exchange, 200, content_type_of(format)).ok()) co_return;
  if (exchange.head().method == "HEAD") co_return;
  TextWriter writer(*self.options_.registry, format);
  const TimePoint until = after(exchange.loop().now(), kScrapeTime);
  std::string piece;
  while (writer.write(piece, kPiece)) {
    const Message message(Bytes::copy_of(piece));
    piece.clear();
    const bool taken = co_await exchange.response().write(message);
    if (!taken) co_return;
    // The response is cut off, so that nobody takes it for whole.
    if (exchange.loop().now() > until) throw std::runtime_error("a scrape took more than a minute");
    co_await GiveWay(exchange.loop());
  }
}

Task<> AdminPages::serve_health(AdminPages&, rpc::HttpExchange& exchange) {
  return respond(exchange, 200, "ok\n");
}

Task<> AdminPages::serve_readiness(AdminPages& self, rpc::HttpExchange& exchange) {
  const Status status = self.readiness();
  return respond(exchange, status.ok() ? 200 : 503,
                 status.ok() ? "ok\n" : status.to_string() + "\n");
}

Task<> AdminPages::serve_log_levels(AdminPages& self, rpc::HttpExchange& exchange) {
  return respond(exchange, 200, show_log_levels(self.level_returns_));
}

/// Browsers send Origin with each POST: a page of somebody else must not change anything with the
/// rights of who looks at it.
Task<> AdminPages::change_log_levels(AdminPages& self, rpc::HttpExchange& exchange) {
  const rpc::HttpHead& head = exchange.head();
  if (self.options_.changes != AdminChanges::Allowed) {
    return respond(exchange, 403, "changes are off (AdminOptions::changes)\n");
  }
  if (!head.field("origin").empty()) return respond(exchange, 403, "not from a browser\n");
  LogLevelsAnswer answer = change_log_level(head.query(), exchange.loop(), self.level_returns_);
  return respond(exchange, answer.status, std::move(answer.text));
}

Status AdminPages::readiness() {
  {
    const std::lock_guard lock(mutex_);
    if (!ready_.ok()) return ready_;
  }
  return options_.ready ? options_.ready() : Status();
}

void AdminPages::set_ready(Status status) {
  const std::lock_guard lock(mutex_);
  ready_ = std::move(status);
}

}  // namespace weft::telemetry::internal
