#include "tests/formats/filled_kinds.h"

#include <google/protobuf/timestamp.pb.h>

namespace weft::test {
namespace {

namespace pb = google::protobuf;
using formats::Kinds;

void fill_scalars(Kinds& kinds) {
  kinds.set_double_value(1.1);
  kinds.set_float_value(0.5);
  kinds.set_int32_value(INT32_MIN);
  kinds.set_int64_value(INT64_MIN);
  kinds.set_uint32_value(UINT32_MAX);
  kinds.set_uint64_value(UINT64_MAX);
  kinds.set_sint32_value(-1);
  kinds.set_sint64_value(-(std::int64_t{1} << 40));
  kinds.set_fixed32_value(7);
  kinds.set_fixed64_value(std::uint64_t{1} << 63);
  kinds.set_sfixed32_value(-128);
  kinds.set_sfixed64_value(-32'769);
  kinds.set_bool_value(true);
  kinds.set_string_value("k\xc3\xa4se");
  kinds.set_bytes_value(std::string("\0\xff", 2));
  kinds.set_colour(formats::BLUE);
  kinds.set_text("");
}

void fill_lists_and_maps(Kinds& kinds) {
  kinds.mutable_child()->set_int32_value(5);
  kinds.add_doubles(0.25);
  kinds.add_doubles(-3);
  for (int i = -50; i < 300; i += 7) kinds.add_int32s(i);
  kinds.add_strings();
  kinds.add_strings(std::string(40, 'x'));
  kinds.add_bytess(std::string(300, 'b'));
  kinds.add_children();
  kinds.add_children()->set_bool_value(true);
  (*kinds.mutable_by_string())["k"] = 1;
  (*kinds.mutable_by_int32())[-5] = "a";
  (*kinds.mutable_by_uint64())[std::uint64_t{1} << 40] = "b";
  (*kinds.mutable_by_bool())[false] = "f";
}

void fill_well_known(Kinds& kinds) {
  pb::ListValue& list = *(*kinds.mutable_values_by_string())["v"].mutable_list_value();
  list.add_values()->set_null_value(pb::NULL_VALUE);
  list.add_values()->set_number_value(1.5);
  list.add_values()->set_bool_value(true);
  list.add_values()->set_string_value("s");
  (*list.add_values()->mutable_struct_value()->mutable_fields())["o"].mutable_struct_value();
  kinds.mutable_time()->set_seconds(-62'135'596'800);
  kinds.mutable_time()->set_nanos(999'999'999);
  kinds.mutable_span()->set_seconds(-1);
  kinds.mutable_span()->set_nanos(-500);
  (*kinds.mutable_object()->mutable_fields())["n"].set_number_value(2);
  formats::Item item;
  item.set_id(7);
  (*item.mutable_labels())["a"] = "b";
  kinds.mutable_any()->PackFrom(item);
  kinds.mutable_empty();
  kinds.mutable_wrapped_int64()->set_value(9);
  pb::Timestamp time;
  time.set_seconds(5);
  kinds.add_anys()->PackFrom(time, "x");
  kinds.add_anys()->set_type_url("x/not.Known");
  kinds.mutable_anys(1)->set_value("\x08\x01");
}

}  // namespace

formats::Kinds filled_kinds() {
  Kinds kinds;
  fill_scalars(kinds);
  fill_lists_and_maps(kinds);
  fill_well_known(kinds);
  return kinds;
}

}  // namespace weft::test
