#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "weft/messaging/events/broker.h"
#include "weft/messaging/log/log_view.h"

namespace weft::cli {

/// Rows for table_of(), with headings. What programs have chosen is as log_value() shows it.
std::vector<std::vector<std::string>> rows_of(const std::vector<messaging::LogView::Topic>& topics);
std::vector<std::vector<std::string>> rows_of(const std::vector<messaging::LogView::Group>& groups);
std::vector<std::vector<std::string>> rows_of(const std::vector<messaging::Delivery>& events);

/// An object on one line. An event is as CloudEvents' JSON has it, its key as `partitionkey`, its
/// data in base64, with `position` and `storedtime` besides.
std::string json_of(const messaging::LogView::Topic& topic);
std::string json_of(const messaging::LogView::Group& group);
std::string json_of(const messaging::Delivery& event);

}  // namespace weft::cli
