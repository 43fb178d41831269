#include "weft/security/api_keys.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <utility>

#include <openssl/rand.h>

#include "weft/base/text/ascii.h"
#include "weft/base/text/number_text.h"
#include "weft/net/loop/loop_local.h"
#include "weft/net/loop/snapshot.h"
#include "weft/security/internal/api_key_list.h"
#include "weft/security/internal/only_field.h"
#include "weft/security/jwt/internal/token_memory.h"

namespace weft::security {

using internal::ApiKeyList;
using internal::KnownApiKey;
using internal::KnownToken;
using internal::TokenMemory;
using internal::WallTime;

namespace {

constexpr std::size_t kIdBytes = 8;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMostKeyBytes = 256;
constexpr std::size_t kMostPrefixBytes = 20;
constexpr std::size_t kRemembered = 4096;

std::string random_hex(std::size_t bytes) {
  std::array<std::uint8_t, kSecretBytes> random{};
  if (RAND_bytes(random.data(), static_cast<int>(bytes)) != 1) return {};
  std::string text;
  append_hex(text, std::span(random).first(bytes));
  return text;
}

/// The id in prefix_id_secret; empty where the key has another form.
std::string_view id_of(std::string_view key) noexcept {
  const std::size_t secret = key.rfind('_');
  if (secret == std::string_view::npos || secret == 0) return {};
  const std::size_t id = key.rfind('_', secret - 1);
  return id == std::string_view::npos ? std::string_view() : key.substr(id + 1, secret - id - 1);
}

Result<PrincipalRef> unknown() { return unauthenticated("the API key is unknown, or revoked"); }

/// So many a second, and a second's worth at once.
class LookUpBudget {
 public:
  bool take(TimePoint now, std::size_t a_second) noexcept {
    const auto most = static_cast<double>(a_second);
    const std::chrono::duration<double> passed = now - last_;
    left_ = begun_ ? std::min(most, left_ + passed.count() * most) : most;
    begun_ = true;
    last_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  TimePoint last_{};
  double left_ = 0;
  bool begun_ = false;
};

class Keys final : public ApiKeys {
 public:
  explicit Keys(ApiKeyOptions options) : options_(std::move(options)) {}

  Status set(std::string_view json) override {
    Result<ApiKeyList> list = ApiKeyList::parse(json);
    if (!list.ok()) return std::move(list).status();
    list_.set(std::make_shared<const ApiKeyList>(*std::move(list)));
    return {};
  }

  Task<Result<PrincipalRef>> authenticate(Call& call) override {
    const Result<std::string_view> key = internal::only_field(call, options_.field);
    if (!key.ok()) return Result<PrincipalRef>(key.status());
    if (key->data() == nullptr) return Result<PrincipalRef>(nullptr);
    if (key->size() > kMostKeyBytes) {
      return Result<PrincipalRef>(unauthenticated("the API key has " + std::to_string(key->size()) +
                                                  " bytes; at most " +
                                                  std::to_string(kMostKeyBytes) + " are read"));
    }
    const std::string_view id = id_of(*key);
    if (id.empty()) return unknown();
    if (const std::shared_ptr<const ApiKeyList>& list = list_.of(call.loop())) {
      if (const KnownApiKey* known = list->find(id)) return checked(*known, *key);
    }
    if (!options_.look_up) return unknown();
    return remembered(call.loop(), *key, id);
  }

  ApiKeyStats stats() const noexcept override {
    return {.look_ups = look_ups_.load(std::memory_order_relaxed),
            .refused = refused_.load(std::memory_order_relaxed)};
  }

 private:
  WallTime now() const { return options_.now ? options_.now() : std::chrono::system_clock::now(); }
  /// A loop's part of what look_up has said.
  struct Memory {
    TokenMemory right{kRemembered};    // whole keys
    TokenMemory missing{kRemembered};  // ids
    LookUpBudget budget;
  };

  Task<Result<PrincipalRef>> remembered(net::Loop& loop, std::string_view key,
                                        std::string_view id) const {
    Memory& memory = memories_.of(loop);
    const KnownToken* const known = memory.right.find(key);
    if (known != nullptr && now() < known->until && loop.now() < known->held_until) {
      return Result<PrincipalRef>(known->principal);
    }
    if (known == nullptr) {
      const KnownToken* const missing = memory.missing.find(id);
      if (missing != nullptr && loop.now() < missing->held_until) return unknown();
      if (!memory.budget.take(loop.now(), options_.max_look_ups)) return too_many();
    }
    look_ups_.fetch_add(1, std::memory_order_relaxed);
    return look_up(loop, std::string(key), std::string(id));
  }

  Result<PrincipalRef> too_many() const {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return resource_exhausted("more than " + std::to_string(options_.max_look_ups) +
                              " unknown API keys a second are looked up "
                              "(ApiKeyOptions::max_look_ups)");
  }

  Result<PrincipalRef> checked(const KnownApiKey& known, std::string_view key) const {
    if (!known.is_hash_of(key)) return unknown();
    if (known.expires && now() >= *known.expires) {
      return unauthenticated("the API key has expired");
    }
    return known.principal;
  }

  Task<Result<PrincipalRef>> look_up(net::Loop& loop, std::string key, std::string id) const {
    const Result<std::optional<ApiKeyRecord>> record = co_await options_.look_up(id);
    if (!record.ok()) co_return unavailable("the API keys could not be looked at");
    Memory& memory = memories_.of(loop);
    if (!*record) {
      memory.right.erase(key);
      memory.missing.put(id, {.held_until = after(loop.now(), options_.remember)});
      co_return unknown();
    }
    const Result<KnownApiKey> known = KnownApiKey::of(**record);
    if (!known.ok()) co_return unavailable("the record of the API key is broken");
    Result<PrincipalRef> principal = checked(*known, key);
    if (!principal.ok()) memory.right.erase(key);
    if (principal.ok() && options_.remember > Duration::zero()) {
      memory.right.put(key, {.held_until = after(loop.now(), options_.remember),
                             .until = known->expires.value_or(WallTime::max()),
                             .principal = *principal});
    }
    co_return principal;
  }

  const ApiKeyOptions options_;
  net::Snapshot<ApiKeyList> list_;
  net::LoopLocal<Memory> memories_;
  mutable std::atomic<std::uint64_t> look_ups_{0};
  mutable std::atomic<std::uint64_t> refused_{0};
};

}  // namespace

Result<NewApiKey> make_api_key(std::string_view prefix, std::string subject,
                               std::vector<std::string> roles) {
  const bool fits = !prefix.empty() && prefix.size() <= kMostPrefixBytes &&
                    std::all_of(prefix.begin(), prefix.end(),
                                [](char c) { return ascii::is_alphanumeric(c) || c == '-'; });
  if (!fits) {
    return invalid_argument("the prefix of an API key has 1 to 20 letters, digits and hyphens");
  }
  std::string id = random_hex(kIdBytes);
  const std::string secret = random_hex(kSecretBytes);
  if (id.empty() || secret.empty()) return unavailable("the system has no random numbers");
  std::string key = std::string(prefix).append("_").append(id).append("_").append(secret);
  std::string hash = internal::sha256_hex(key);
  return NewApiKey{std::move(key),
                   {.id = std::move(id),
                    .sha256 = std::move(hash),
                    .subject = std::move(subject),
                    .roles = std::move(roles)}};
}

std::shared_ptr<ApiKeys> ApiKeys::make(ApiKeyOptions options) {
  return std::make_shared<Keys>(std::move(options));
}

}  // namespace weft::security
