#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "weft/base/result.h"
#include "weft/codec/schema/message_table.h"
#include "weft/foreign/names.h"
#include "weft/rpc/server/dispatcher.h"

namespace weft::foreign {

/// The types of a method's messages.
struct MessageTypes {
  const codec::MessageTable* request = nullptr;
  const codec::MessageTable* response = nullptr;
};

/// A method of a server, with its types.
struct Method {
  const rpc::Route* route = nullptr;
  MessageTypes types;
};

/// Finds the methods of a server by the names that foreign peers have for them: "Arith.Multiply",
/// where "Arith" is a service's name without its package, its full name, or one of `names`. Of one
/// connection.
class Methods {
 public:
  /// Both outlive this.
  Methods(const rpc::Dispatcher& dispatcher, const ServiceNames& names) noexcept
      : dispatcher_(dispatcher), names_(names) {}

  /// UNIMPLEMENTED that says what there is not, or why a method cannot be called so.
  Result<const Method*> find(std::string_view name);

 private:
  Result<Method> look_up(std::string_view name) const;
  Result<std::string_view> service_of(std::string_view name) const;

  const rpc::Dispatcher& dispatcher_;
  const ServiceNames& names_;
  // As many as the server has methods, times the names that a service has.
  std::unordered_map<std::string, Method> known_;
};

/// The name of a service without its package.
std::string_view without_package(std::string_view service) noexcept;

/// The types of the method of a client's call, "pkg.Service" and "Method", from the program's
/// generated code. UNIMPLEMENTED where it has none.
Result<MessageTypes> types_of(std::string_view service, std::string_view method);

}  // namespace weft::foreign
