#include "crdt/key_prefetch.h"

#include "crdt/cache_line.h"

namespace crdt {
namespace {

// A smaller table is in the cache if anything of it is used.
constexpr std::size_t kLeastElements = 1024;

}  // namespace

bool KeyPrefetch::Step(int step) {
  switch (step) {
    case 0:
      table_->PrefetchSlot(hash_);
      return true;
    case 1:
      cell_ = table_->PrefetchCell(hash_);
      return cell_ != nullptr;
    case 2:
      if (cell_->is_packed()) return false;
      FetchLine(&cell_->full());
      return true;
    case 3:
      Containers();
      return true;
    case 4:
      if (const StringValue* string = cell_->full().string(); string != nullptr) {
        FetchLine(string->counters().parts().data());
        return false;
      }
      elements_ = Elements();
      if (elements_ == nullptr) return false;
      if (elements_->is_small()) {
        elements_->small().PrefetchHead();
        return true;
      }
      if (element_.empty() || elements_->table().size() < kLeastElements) return false;
      element_hash_ = ElementTable::Table::Hash(element_);
      elements_->table().PrefetchSlot(element_hash_);
      return true;
    default:
      if (elements_->is_small()) {
        elements_->small().PrefetchIndex();
      } else {
        elements_->table().PrefetchCell(element_hash_);
      }
      return false;
  }
}

void KeyPrefetch::Containers() const {
  const Object& object = cell_->full();
  if (object.string() != nullptr) FetchLine(object.string());
  if (object.hash() != nullptr) FetchLine(object.hash());
  if (object.set() != nullptr) FetchLine(object.set());
  if (object.list() != nullptr) FetchLine(object.list());
  if (object.sorted_set() != nullptr) FetchLine(object.sorted_set());
  if (object.hyperloglog() != nullptr) FetchLine(object.hyperloglog());
}

const ElementTable* KeyPrefetch::Elements() const {
  const Object& object = cell_->full();
  if (object.hash() != nullptr) return object.hash();
  return object.sorted_set() != nullptr ? &object.sorted_set()->members() : object.set();
}

}  // namespace crdt
