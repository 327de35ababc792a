#include "list_specification.h"

#include <algorithm>
#include <set>

#include "specification.h"

namespace properties {
namespace {

// The nodes in the order in which they stand.
class Order {
 public:
  explicit Order(const ListTree& tree) {
    for (const auto& [id, node] : tree) children_[{node.parent, node.on_right}].push_back(id);
    VisitChildren(std::nullopt, false);
    VisitChildren(std::nullopt, true);
  }
  const std::vector<ListId>& ids() const { return ids_; }
  std::size_t PlaceOf(const ListId& id) const {
    return static_cast<std::size_t>(std::ranges::find(ids_, id) - ids_.begin());
  }

 private:
  // The newest child stands farthest from its parent.
  void VisitChildren(const std::optional<ListId>& parent, bool on_right) {
    std::vector<ListId> children = children_[{parent, on_right}];
    std::ranges::sort(children);
    if (!on_right) std::ranges::reverse(children);
    for (const ListId& child : children) {
      VisitChildren(child, false);
      ids_.push_back(child);
      VisitChildren(child, true);
    }
  }

  std::map<std::pair<std::optional<ListId>, bool>, std::vector<ListId>> children_;
  std::vector<ListId> ids_;
};

bool IsIn(const ListTree& tree, ListId id, const std::optional<ListId>& parent, bool on_right) {
  for (;;) {
    const ListNode& node = tree.at(id);
    if (node.parent == parent && node.on_right == on_right) return true;
    if (!node.parent) return false;
    id = *node.parent;
  }
}

// A delete of the key, or a removal of the element, that has seen it.
bool IsTakenBy(const Operation& operation, const std::string& key, const ListId& id,
               const Order& order) {
  if (!operation.context.Covers(id.stamp)) return false;
  if (operation.kind == Kind::kFlush) return true;
  if (operation.key != key) return false;
  switch (operation.kind) {
    case Kind::kSet:
    case Kind::kDelete:
      return true;
    case Kind::kListRemove:
      return std::ranges::find(operation.places, id) != operation.places.end();
    case Kind::kListTrim: {
      if (!operation.first && !operation.last) return true;
      const std::size_t place = order.PlaceOf(id);
      return (operation.first && place < order.PlaceOf(*operation.first)) ||
             (operation.last && place > order.PlaceOf(*operation.last));
    }
    case Kind::kListPush:
    case Kind::kListInsert:
    case Kind::kListSet:
      return false;
    default:
      return operation.ends_hidden;
  }
}

std::map<crdt::Stamp, std::string> ValuesOf(const std::string& key, const ListId& id,
                                            const std::string& inserted,
                                            const std::vector<const Operation*>& operations) {
  std::vector<const Operation*> assignments;
  for (const Operation* operation : operations) {
    if (operation->key == key && operation->kind == Kind::kListSet &&
        operation->places.front() == id) {
      assignments.push_back(operation);
    }
  }
  const auto seen = [&](crdt::Stamp stamp) {
    return std::ranges::any_of(
        assignments, [stamp](const Operation* later) { return later->context.Covers(stamp); });
  };
  std::map<crdt::Stamp, std::string> values;
  if (!seen(id.stamp)) values[id.stamp] = inserted;
  for (const Operation* operation : assignments) {
    if (!seen(operation->stamp)) values[operation->stamp] = operation->value;
  }
  return values;
}

}  // namespace

ListTree TreeOf(const std::string& key, const std::vector<const Operation*>& operations) {
  ListTree tree;
  for (const Operation* operation : operations) {
    if (operation->key != key) continue;
    if (operation->kind == Kind::kListPush) {
      for (std::uint32_t i = 0; i < operation->elements.size(); ++i) {
        tree[{operation->stamp, i}] = {std::nullopt, operation->node.on_right};
      }
    } else if (operation->kind == Kind::kListInsert) {
      tree[{operation->stamp}] = operation->node;
    }
  }
  return tree;
}

ListNode Between(const ListTree& tree, const std::optional<ListId>& before,
                 const std::optional<ListId>& after) {
  if (before) {
    const ListNode& node = tree.at(*before);
    if (node.parent && node.on_right && !(after && IsIn(tree, *after, node.parent, true))) {
      return node;
    }
  }
  if (after) {
    const ListNode& node = tree.at(*after);
    if (node.parent && !node.on_right && !(before && IsIn(tree, *before, node.parent, false))) {
      return node;
    }
  }
  if (before && !(after && IsIn(tree, *after, *before, true))) return {before, true};
  return {after, false};
}

std::vector<ListElement> SpecifyList(const std::string& key,
                                     const std::vector<const Operation*>& operations) {
  const Order order(TreeOf(key, operations));
  std::map<crdt::Stamp, const Operation*> insertions;
  for (const Operation* operation : operations) insertions[operation->stamp] = operation;
  std::vector<ListElement> elements;
  for (const ListId& id : order.ids()) {
    const bool taken = std::ranges::any_of(
        operations, [&](const Operation* other) { return IsTakenBy(*other, key, id, order); });
    if (taken) continue;
    const Operation& insertion = *insertions.at(id.stamp);
    const std::string& text =
        insertion.kind == Kind::kListPush ? insertion.elements[id.index] : insertion.value;
    elements.push_back({id, ValuesOf(key, id, text, operations)});
  }
  return elements;
}

}  // namespace properties
