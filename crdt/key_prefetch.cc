#include "crdt/key_prefetch.h"

#include "crdt/cache_line.h"

namespace crdt {
namespace {

// A smaller collection is in the cache if anything of it is used.
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
      elements_ = BigTable();
      if (elements_ == nullptr) return false;
      element_hash_ = ElementTable::Table::Hash(element_);
      elements_->PrefetchSlot(element_hash_);
      return true;
    default:
      elements_->PrefetchCell(element_hash_);
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

const ElementTable::Table* KeyPrefetch::BigTable() const {
  const Object& object = cell_->full();
  const ElementTable* elements = object.hash() != nullptr         ? object.hash()
                                 : object.sorted_set() != nullptr ? &object.sorted_set()->members()
                                                                  : object.set();
  if (elements == nullptr || element_.empty()) return nullptr;
  return elements->table().size() < kLeastElements ? nullptr : &elements->table();
}

}  // namespace crdt
