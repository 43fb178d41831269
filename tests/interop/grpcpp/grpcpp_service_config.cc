// Whether the table of service configs is right about grpc++. Links nothing of weft's.

#include <iostream>
#include <string>

#include <grpcpp/support/validate_service_config.h>

#include "tests/interop/service_configs.h"

int main() {
  int wrong = 0;
  for (const weft::interop::ServiceConfigCase& c : weft::interop::kServiceConfigs) {
    const std::string error = grpc::experimental::ValidateServiceConfigJSON(std::string(c.json));
    if (error.empty() == c.grpc) continue;
    ++wrong;
    std::cout << c.json << "\n  " << (error.empty() ? "is taken" : error) << '\n';
  }
  return wrong == 0 ? 0 : 1;
}
