#pragma once

#include <string>

#include "kinds.pb.h"

/// For benchmarks of formats: messages of usual shapes.
namespace weft::formats_test {

using formats::Item;

enum Shape { Small, Nested, Numbers, Doubles, Texts, Items, Labels };

inline void fill_item(Item& item, int i) {
  item.set_id(1'000'000'007LL * i);
  item.set_name("item number " + std::to_string(i));
  item.set_in_stock(i % 2 == 0);
  item.set_price(i * 0.25 + 0.1);
  item.set_colour(formats::GREEN);
}

inline Item message_of(Shape shape) {
  Item item;
  switch (shape) {
    case Small:
      fill_item(item, 7);
      break;
    case Nested: {
      Item* at = &item;
      for (int i = 0; i < 8; ++i, at = at->mutable_parent()) fill_item(*at, i);
      break;
    }
    case Numbers:
      for (int i = 0; i < 5000; ++i) item.add_counts((i * 7919) % 100'000);
      break;
    case Doubles:
      for (int i = 0; i < 1000; ++i) item.add_weights(1.0 / (i + 3));
      break;
    case Texts:
      for (int i = 0; i < 20; ++i) item.add_notes(std::string(5000, static_cast<char>('a' + i)));
      break;
    case Items:
      for (int i = 0; i < 900; ++i) fill_item(*item.add_items(), i);
      break;
    case Labels:
      for (int i = 0; i < 100; ++i) {
        (*item.mutable_labels())["label/" + std::to_string(i)] = "value " + std::to_string(i);
      }
      break;
  }
  return item;
}

}  // namespace weft::formats_test
