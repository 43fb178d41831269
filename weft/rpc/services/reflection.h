#pragma once

#include <memory>
#include <vector>

#include "weft/rpc/call/method.h"
#include "weft/rpc/call/service.h"

namespace weft {

/// Server reflection (gRPC's doc/server-reflection.md): grpc.reflection.v1 and, for older clients,
/// grpc.reflection.v1alpha. They describe `services` and themselves from the descriptors that are
/// linked into this program; a service without a descriptor is listed by name only. The
/// ServiceDescriptors must outlive what is returned. To be made when all services of the server are
/// known.
std::vector<std::shared_ptr<ServiceDefinition>> make_reflection_services(
    std::vector<const ServiceDescriptor*> services);

}  // namespace weft
