#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "weft/base/status.h"
#include "weft/registry/server/internal/record.h"
#include "weft/registry/server/registry_service.h"

namespace weft::registry {

/// What each client holds of the registry, and all of them together, against the limits of
/// RegistryOptions. What is taken before it is made is given back when it is gone. Belongs to one
/// thread.
class Accounts {
 public:
  explicit Accounts(const RegistryOptions& options) : options_(options) {}

  /// Takes room for `record`, which is to take the place of `replaced` (null: of none).
  /// RESOURCE_EXHAUSTED naming the limit and the option. While both are there, a replacement may
  /// exceed limits of memory by an eighth: who is at a limit can still move.
  Status take(const Record& record, const Record* replaced);
  void give_back(const Record& record) noexcept;

  Status take_watch(const std::string& client);
  void give_back_watch(const std::string& client) noexcept;

  /// Bytes that instances take, by Record::cost().
  std::size_t memory() const noexcept { return all_.memory; }

 private:
  struct Account {
    std::size_t instances = 0;
    std::size_t memory = 0;
    std::size_t watches = 0;
    bool is_empty() const noexcept { return instances == 0 && watches == 0; }
  };
  using ByClient = std::map<std::string, Account, std::less<>>;
  Account account_of(std::string_view client) const;
  void drop_if_empty(ByClient::iterator client) noexcept;

  RegistryOptions options_;
  Account all_;
  ByClient clients_;
};

}  // namespace weft::registry
