#include "weft/registry/server/internal/record.h"

namespace weft::registry {

Record::Record(std::string_view service, const v1::Instance& instance, std::string_view client)
    : Record(service, instance.id(), instance.SerializeAsString(), client) {}

Record::Record(std::string_view service, std::string_view id, std::string_view instance,
               std::string_view client)
    : service_size_(static_cast<std::uint16_t>(service.size())),
      id_size_(static_cast<std::uint16_t>(id.size())),
      client_size_(static_cast<std::uint16_t>(client.size())) {
  text_.reserve(service.size() + id.size() + client.size() + instance.size());
  text_.append(service).append(id).append(client).append(instance);
}

v1::Instance Record::instance() const {
  v1::Instance instance;
  const std::string_view bytes = instance_bytes();
  // They were serialized here, or did parse when they were read.
  static_cast<void>(instance.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return instance;
}

v1::Entry Record::entry() const {
  v1::Entry entry;
  entry.set_service(std::string(service()));
  *entry.mutable_instance() = instance();
  entry.set_ttl_ms(ttl_ms);
  entry.set_revision(revision);
  entry.set_registered_at_ms(registered_at_ms);
  return entry;
}

}  // namespace weft::registry
