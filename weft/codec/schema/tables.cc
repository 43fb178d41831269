#include "weft/codec/schema/tables.h"

#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <google/protobuf/descriptor.h>

namespace weft::codec {

namespace pb = google::protobuf;

namespace {

/// Tables by type: open addressing in an array that is replaced by a larger one when it is half
/// full. Readers take no lock; replaced arrays are kept, because a reader may still look into one.
class TypeMap {
 public:
  TypeMap() { grow(64); }

  const MessageTable* find(const pb::Descriptor* type) const noexcept {
    const Array& array = *current_.load(std::memory_order_acquire);
    for (std::size_t at = hash(type);; ++at) {
      const MessageTable* found = array.slots[at & array.mask].load(std::memory_order_acquire);
      if (found == nullptr || &found->type() == type) return found;
    }
  }
  /// Under the owner's mutex.
  void add(std::unique_ptr<const MessageTable> table) {
    tables_.push_back(std::move(table));
    const std::size_t capacity = current_.load(std::memory_order_relaxed)->mask + 1;
    if (tables_.size() * 2 > capacity) {
      grow(2 * capacity);
    } else {
      put(*arrays_.back(), *tables_.back());
    }
  }

 private:
  struct Array {
    explicit Array(std::size_t size) : slots(size), mask(size - 1) {}
    std::vector<std::atomic<const MessageTable*>> slots;
    std::size_t mask;
  };

  static std::size_t hash(const pb::Descriptor* type) noexcept {
    const auto bits = reinterpret_cast<std::uintptr_t>(type);
    return static_cast<std::size_t>((bits >> 4) * 0x9e3779b97f4a7c15ULL >> 32);
  }
  static void put(Array& array, const MessageTable& table) {
    std::size_t at = hash(&table.type());
    while (array.slots[at & array.mask].load(std::memory_order_relaxed) != nullptr) ++at;
    array.slots[at & array.mask].store(&table, std::memory_order_release);
  }
  void grow(std::size_t size) {
    arrays_.push_back(std::make_unique<Array>(size));
    for (const auto& table : tables_) put(*arrays_.back(), *table);
    current_.store(arrays_.back().get(), std::memory_order_release);
  }

  std::vector<std::unique_ptr<const MessageTable>> tables_;
  std::vector<std::unique_ptr<Array>> arrays_;
  std::atomic<const Array*> current_ = nullptr;
};

}  // namespace

struct Tables::State {
  std::shared_ptr<const pb::DescriptorPool> pool;
  HasPresence has_presence = nullptr;
  TypeMap messages;
  // Compiling a message asks for its enums, so the lock is taken again.
  std::recursive_mutex mutex;
  std::unordered_map<const pb::EnumDescriptor*, std::unique_ptr<const EnumTable>> enums;
  std::unordered_map<const pb::FieldDescriptor*, std::unique_ptr<const FieldTable>> extensions;
};

Tables::Tables(std::shared_ptr<const pb::DescriptorPool> pool, HasPresence has_presence)
    : state_(std::make_unique<State>()) {
  state_->pool = std::move(pool);
  state_->has_presence = has_presence;
}

bool Tables::has_presence(const pb::FieldDescriptor& field) const {
  return state_->has_presence == nullptr ? field.has_presence() : state_->has_presence(field);
}

Tables::~Tables() = default;

const Tables& Tables::generated() {
  static const Tables* const tables = new Tables();
  return *tables;
}

bool Tables::may_keep(const pb::Descriptor& type) const noexcept {
  const pb::DescriptorPool* pool = type.file()->pool();
  return pool == pb::DescriptorPool::generated_pool() || pool == state_->pool.get();
}

const MessageTable* Tables::find(const pb::Descriptor& type) const noexcept {
  return state_->messages.find(&type);
}

const MessageTable& Tables::of(const pb::Descriptor& type) const {
  if (const MessageTable* found = state_->messages.find(&type)) [[likely]]
    return *found;
  const std::lock_guard lock(state_->mutex);
  if (const MessageTable* found = state_->messages.find(&type)) return *found;
  state_->messages.add(std::make_unique<const MessageTable>(type, *this));
  return *state_->messages.find(&type);
}

const EnumTable& Tables::of(const pb::EnumDescriptor& type) const {
  const std::lock_guard lock(state_->mutex);
  std::unique_ptr<const EnumTable>& table = state_->enums[&type];
  if (table == nullptr) table = std::make_unique<const EnumTable>(type);
  return *table;
}

const MessageTable* Tables::any_type(const MessageTable& holder, std::string_view url) const {
  const pb::DescriptorPool* pool =
      state_->pool != nullptr ? state_->pool.get() : holder.type().file()->pool();
  const pb::Descriptor* type = pool->FindMessageTypeByName(std::string(type_name_of(url)));
  return type == nullptr ? nullptr : &of(*type);
}

const FieldTable* Tables::keep(const pb::FieldDescriptor* extension) const {
  if (extension == nullptr) return nullptr;
  const std::lock_guard lock(state_->mutex);
  std::unique_ptr<const FieldTable>& table = state_->extensions[extension];
  if (table == nullptr) table = std::make_unique<const FieldTable>(*extension, *this);
  return table.get();
}

const FieldTable* Tables::extension(const MessageTable& holder, std::uint32_t number) const {
  if (!holder.has_extensions()) return nullptr;
  const pb::Descriptor& type = holder.type();
  const auto find = [&](const pb::DescriptorPool& pool) {
    return pool.FindExtensionByNumber(&type, static_cast<int>(number));
  };
  const pb::FieldDescriptor* found = find(*type.file()->pool());
  if (found == nullptr && state_->pool != nullptr) found = find(*state_->pool);
  return keep(found);
}

const FieldTable* Tables::extension(const MessageTable& holder, std::string_view full_name) const {
  if (!holder.has_extensions()) return nullptr;
  const pb::Descriptor& type = holder.type();
  const std::string name(full_name);
  const pb::FieldDescriptor* found = type.file()->pool()->FindExtensionByName(name);
  if (found == nullptr && state_->pool != nullptr) found = state_->pool->FindExtensionByName(name);
  if (found == nullptr || found->containing_type() != &type) return nullptr;
  return keep(found);
}

std::string_view type_name_of(std::string_view url) noexcept {
  const std::size_t slash = url.rfind('/');
  return slash == std::string_view::npos ? url : url.substr(slash + 1);
}

}  // namespace weft::codec
