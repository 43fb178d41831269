#pragma once

#include <cstddef>
#include <string>

#include "echo.pb.h"

namespace bench {

/// A document of at least `bytes` bytes, with labels and items of some 130 bytes that differ as
/// those of real ones do: text compresses them to a third.
inline perf::Document document_of(std::size_t bytes) {
  perf::Document document;
  document.set_title("Orders of the day");
  (*document.mutable_labels())["region"] = "europe-west";
  (*document.mutable_labels())["tenant"] = "acme";
  std::uint32_t random = 1;
  const auto draw = [&random] { return random = random * 1664525 + 1013904223; };
  for (int i = 0; document.items_size() == 0 || document.ByteSizeLong() < bytes; ++i) {
    perf::Item& item = *document.add_items();
    item.set_id("order-" + std::to_string(draw()));
    item.set_quantity(draw() >> 24);
    item.set_price(static_cast<double>(draw() >> 16) / 100);
    item.add_tags("priority");
    item.add_tags("batch-" + std::to_string(draw() >> 20));
    perf::Address& address = *item.mutable_address();
    address.set_street(std::to_string(draw() >> 25) + " Harbour Road");
    address.set_city((draw() >> 31) != 0 ? "Rotterdam" : "Gothenburg");
    address.set_postcode(std::to_string(draw() >> 15));
    address.set_floor(i % 7);
  }
  return document;
}

/// Whether an echo is right, as far as looking at it costs little.
inline bool same_size(const perf::Document& a, const perf::Document& b) {
  return a.items_size() == b.items_size() && a.labels_size() == b.labels_size();
}
inline bool same_size(const perf::Msg& a, const perf::Msg& b) {
  return a.payload().size() == b.payload().size();
}

}  // namespace bench
