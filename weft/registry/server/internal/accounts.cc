#include "weft/registry/server/internal/accounts.h"

namespace weft::registry {
namespace {

Status over(std::string_view who, std::size_t limit, std::string_view what,
            std::string_view option) {
  std::string text(who);
  text.append(" has its limit of ").append(std::to_string(limit)).append(" ").append(what);
  return resource_exhausted(text.append(" (RegistryOptions::").append(option).append(")"));
}

std::string named(std::string_view client) { return "client " + std::string(client); }

/// Whether `more` fits beside what is held.
bool fits(std::size_t held, std::size_t more, std::size_t limit, bool replaces) noexcept {
  const std::size_t most = replaces ? limit + limit / 8 : limit;
  return more <= most && held <= most - more;
}

}  // namespace

Accounts::Account Accounts::account_of(std::string_view client) const {
  const auto found = clients_.find(client);
  return found == clients_.end() ? Account() : found->second;
}

Status Accounts::take(const Record& record, const Record* replaced) {
  const Account account = account_of(record.client());
  const bool replaces = replaced != nullptr;
  const bool own = replaces && replaced->client() == record.client();
  const std::size_t cost = record.cost();
  if (!replaces && all_.instances >= options_.max_instances) {
    return over("the registry", options_.max_instances, "instances", "max_instances");
  }
  if (!own && account.instances >= options_.max_instances_per_client) {
    return over(named(record.client()), options_.max_instances_per_client, "instances",
                "max_instances_per_client");
  }
  if (!fits(all_.memory, cost, options_.max_memory, replaces)) {
    return over("the registry", options_.max_memory, "bytes of instances", "max_memory");
  }
  if (!fits(account.memory, cost, options_.max_memory_per_client, own)) {
    return over(named(record.client()), options_.max_memory_per_client, "bytes of instances",
                "max_memory_per_client");
  }
  Account& charged = clients_[std::string(record.client())];
  for (Account* each : {&all_, &charged}) {
    ++each->instances;
    each->memory += cost;
  }
  return {};
}

void Accounts::give_back(const Record& record) noexcept {
  const auto found = clients_.find(record.client());
  if (found == clients_.end()) return;
  for (Account* each : {&all_, &found->second}) {
    --each->instances;
    each->memory -= record.cost();
  }
  drop_if_empty(found);
}

Status Accounts::take_watch(const std::string& client) {
  if (all_.watches >= options_.max_watches) {
    return over("the registry", options_.max_watches, "watches", "max_watches");
  }
  if (account_of(client).watches >= options_.max_watches_per_client) {
    return over(named(client), options_.max_watches_per_client, "watches",
                "max_watches_per_client");
  }
  ++all_.watches;
  ++clients_[client].watches;
  return {};
}

void Accounts::give_back_watch(const std::string& client) noexcept {
  const auto found = clients_.find(client);
  if (found == clients_.end()) return;
  --all_.watches;
  --found->second.watches;
  drop_if_empty(found);
}

void Accounts::drop_if_empty(ByClient::iterator client) noexcept {
  if (client->second.is_empty()) clients_.erase(client);
}

}  // namespace weft::registry
