// One stored element of a hash, a set or a sorted set, whichever form its table has.
#pragma once

#include <string>
#include <string_view>

#include "crdt/cell_table.h"
#include "crdt/small_elements.h"
#include "crdt/string_value.h"

namespace crdt {

// Or none. Valid until the table changes.
class Element {
 public:
  using Cell = CellTable<StringValue>::Cell;

  Element() = default;
  explicit Element(const Cell* cell) : cell_(cell) {}
  explicit Element(const SmallElements::Entry& entry) : entry_(entry) {}

  explicit operator bool() const { return cell_ != nullptr || entry_; }

  // All of these REQUIRE that there is one.
  std::string_view name() const { return cell_ != nullptr ? cell_->name() : entry_.name(); }
  // One assigned text or one plain counter.
  bool is_packed() const { return cell_ == nullptr || cell_->is_packed(); }
  bool is_counter() const { return cell_ != nullptr ? cell_->is_counter() : entry_.is_counter(); }
  bool is_text() const { return is_packed() && !is_counter(); }
  // REQUIRES: is_text().
  Stamp text_stamp() const { return cell_ != nullptr ? cell_->text_stamp() : entry_.stamp(); }
  // It may be stored and show nothing: its counter was reset.
  bool shows() const { return is_packed() || full().visible(); }
  // REQUIRES: is_packed(). The view is into the table or into `scratch`.
  PackedValue packed(std::string& scratch) const {
    return cell_ != nullptr ? cell_->packed() : entry_.packed(scratch);
  }
  // REQUIRES: !is_packed().
  const StringValue& full() const { return cell_->full(); }

  // REQUIRES: shows(). The view is into the table or into `scratch`.
  std::string_view Text(std::string& scratch) const {
    return is_packed() ? packed(scratch).Text(scratch) : full().Text(scratch);
  }
  Stamp newest() const {
    std::string scratch;
    return is_packed() ? packed(scratch).newest() : full().newest();
  }
  StringValue Value() const {
    std::string scratch;
    return is_packed() ? StringValue::FromPacked(packed(scratch)) : full();
  }

 private:
  const Cell* cell_ = nullptr;
  SmallElements::Entry entry_;
};

}  // namespace crdt
