#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weft/base/bytes.h"
#include "weft/base/result.h"
#include "weft/rpc/call/method.h"

#include "tools/weft/bench/load/message_template.h"
#include "tools/weft/schema/schema.h"

namespace weft::cli::bench {

/// METHOD of the command line: "pkg.Service/Method", and how often it is called beside others:
/// "pkg.Service/Method=3".
struct MethodShare {
  MethodName name;
  std::uint32_t weight = 1;
};
/// INVALID_ARGUMENT naming what is wrong.
Result<MethodShare> parse_method_share(std::string_view text);

/// What `-d` gives: messages for one method, or for all that have none of their own.
struct DataFlag {
  std::string method;  ///< as it was written; empty: for all
  std::string source;  ///< for messages: "DATA", the file's name
  std::string text;    ///< JSON values with variables
};
/// Reads "JSON", "METHOD=JSON", and "@FILE" or "-" instead of the JSON. INVALID_ARGUMENT when the
/// file cannot be read.
Result<DataFlag> read_data_flag(const std::string& argument);

/// One of the methods that a run calls.
struct MixedMethod {
  Method method;
  MethodDescriptor descriptor;  // refers to `method`
  std::uint32_t weight = 1;
  std::vector<MessageTemplate> messages;  // at least one

  /// The message of a call, encoded now or before; then it refers to this object.
  Result<Bytes> message(std::size_t index, Variables& variables) const;
};

/// The methods that a run calls, and with what. Shared by its threads, which only read it.
class CallMix {
 public:
  /// INVALID_ARGUMENT naming method, source and place of what is wrong. `schema` must outlive it.
  static Result<CallMix> create(const Schema& schema, const std::vector<MethodShare>& methods,
                                const std::vector<DataFlag>& data);

  std::size_t size() const noexcept { return methods_.size(); }
  const MixedMethod& operator[](std::size_t index) const noexcept { return *methods_[index]; }

 private:
  std::vector<std::unique_ptr<MixedMethod>> methods_;
};

/// Whose turn it is: methods by their weights, as evenly as can be (nginx's smooth weighted
/// round-robin), and each method's messages one after the other.
class Rotation {
 public:
  struct Pick {
    std::size_t method;
    std::size_t message;
  };
  explicit Rotation(const CallMix& mix);
  Pick next() noexcept {
    const std::size_t method = shares_.size() == 1 ? 0 : next_method();
    Share& share = shares_[method];
    const std::size_t message = share.message;
    if (++share.message == share.messages) share.message = 0;
    return {method, message};
  }

 private:
  struct Share {
    std::int64_t weight;
    std::size_t messages;
    std::int64_t credit = 0;
    std::size_t message = 0;
  };
  std::size_t next_method() noexcept;

  std::vector<Share> shares_;
  std::int64_t sum_ = 0;
};

}  // namespace weft::cli::bench
