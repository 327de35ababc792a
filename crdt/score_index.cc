#include "crdt/score_index.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "crdt/result.h"

namespace crdt {
namespace {

// A leaf of 64 entries is 1 KiB: moving half of it costs less than a cache miss or two.
constexpr std::size_t kMostEntries = 64;
constexpr std::size_t kMostChildren = 64;
// A node below that is merged with a neighbour where both fit into one.
constexpr std::size_t kFew = 16;
// By how much a full vector grows.
constexpr std::size_t kGrowth = 8;

template <class T>
void InsertAt(std::vector<T>& list, std::size_t at, T element) {
  if (list.size() == list.capacity()) {
    list.reserve(list.size() + std::clamp<std::size_t>(list.size(), 1, kGrowth));
  }
  list.insert(list.begin() + static_cast<std::ptrdiff_t>(at), std::move(element));
}

// Cuts `list` at `at` and returns what stood behind.
template <class T>
std::vector<T> CutAt(std::vector<T>& list, std::size_t at) {
  const auto cut = list.begin() + static_cast<std::ptrdiff_t>(at);
  std::vector<T> tail;
  tail.reserve(list.size() - at + kGrowth);
  std::move(cut, list.end(), std::back_inserter(tail));
  list.erase(cut, list.end());
  list.shrink_to_fit();
  return tail;
}

}  // namespace

bool ScoreIndex::IsBefore(const Entry& entry, const Wanted& wanted) {
  if (entry.cell == wanted.cell) return false;
  if (entry.score != wanted.score) return entry.score < wanted.score;
  return entry.cell->name() < wanted.name;
}

bool ScoreIndex::IsAfter(const Entry& entry, const Wanted& wanted) {
  if (entry.cell == wanted.cell) return false;
  if (entry.score != wanted.score) return entry.score > wanted.score;
  return entry.cell->name() > wanted.name;
}

// The child in which the wanted entry stands, or would have to stand.
std::size_t ScoreIndex::ChildOf(const Node& node, const Wanted& wanted) {
  const std::size_t behind =
      Partition(node.children, [&](const Child& child) { return !IsAfter(child.first, wanted); });
  return behind == 0 ? 0 : behind - 1;
}

const ScoreIndex::Entry& ScoreIndex::FirstOf(const Node& node) {
  return node.is_leaf() ? node.entries.front() : node.children.front().first;
}

std::uint64_t ScoreIndex::SizeOf(const Node& node) {
  std::uint64_t size = node.entries.size();
  for (const Child& child : node.children) size += child.size;
  return size;
}

// --- Changes -------------------------------------------------------------------------------------

void ScoreIndex::Insert(double score, const Cell* cell) {
  if (root_ == nullptr) root_ = std::make_unique<Node>();
  auto right = InsertInto(*root_, {score, cell->name(), cell}, true);
  ++size_;
  if (right == nullptr) return;
  auto root = std::make_unique<Node>();
  root->children.reserve(2);
  for (auto* half : {&root_, &right}) {
    const Entry first = FirstOf(**half);
    const std::uint64_t size = SizeOf(**half);
    root->children.push_back({first, size, std::move(*half)});
  }
  root_ = std::move(root);
}

// Returns the right half of a node that had to be split. `rightmost`: nothing stands behind it.
std::unique_ptr<ScoreIndex::Node> ScoreIndex::InsertInto(Node& node, const Wanted& wanted,
                                                         bool rightmost) {
  if (node.is_leaf()) return InsertIntoLeaf(node, wanted, rightmost);
  const std::size_t at = ChildOf(node, wanted);
  Child& child = node.children[at];
  auto split = InsertInto(*child.node, wanted, rightmost && at + 1 == node.children.size());
  child.first = FirstOf(*child.node);
  ++child.size;
  if (split == nullptr) return nullptr;
  const std::uint64_t size = SizeOf(*split);
  child.size -= size;
  const Entry first = FirstOf(*split);
  InsertAt(node.children, at + 1, Child{first, size, std::move(split)});
  if (node.children.size() <= kMostChildren) return nullptr;
  auto right = std::make_unique<Node>();
  right->children = CutAt(node.children, kMostChildren / 2);
  return right;
}

std::unique_ptr<ScoreIndex::Node> ScoreIndex::InsertIntoLeaf(Node& leaf, const Wanted& wanted,
                                                             bool rightmost) {
  const std::size_t at =
      Partition(leaf.entries, [&](const Entry& entry) { return IsBefore(entry, wanted); });
  const Entry entry{wanted.score, wanted.cell};
  if (leaf.entries.size() < kMostEntries) {
    InsertAt(leaf.entries, at, entry);
    return nullptr;
  }
  auto right = std::make_unique<Node>();
  // What is filled from its front to its end gets full leaves.
  const bool appended = rightmost && at == kMostEntries;
  const std::size_t cut = appended ? kMostEntries : kMostEntries / 2;
  right->entries = CutAt(leaf.entries, cut);
  if (at <= cut && !appended) {
    InsertAt(leaf.entries, at, entry);
  } else {
    InsertAt(right->entries, at - cut, entry);
  }
  return right;
}

void ScoreIndex::Erase(double score, std::string_view name, const Cell* cell) {
  Require(root_ != nullptr, "an entry that is erased from an order stands in it");
  EraseFrom(*root_, {score, name, cell});
  --size_;
  while (!root_->is_leaf() && root_->children.size() == 1) {
    root_ = std::move(root_->children.front().node);
  }
  if (size_ == 0) root_.reset();
}

void ScoreIndex::EraseFrom(Node& node, const Wanted& wanted) {
  if (node.is_leaf()) {
    const std::size_t at =
        Partition(node.entries, [&](const Entry& entry) { return IsBefore(entry, wanted); });
    Require(at < node.entries.size() && node.entries[at].cell == wanted.cell,
            "an entry that is erased from an order stands in it");
    node.entries.erase(node.entries.begin() + static_cast<std::ptrdiff_t>(at));
    return;
  }
  const std::size_t at = ChildOf(node, wanted);
  EraseFrom(*node.children[at].node, wanted);
  --node.children[at].size;
  MendChild(node, at);
}

// After something below child `at` was erased.
void ScoreIndex::MendChild(Node& node, std::size_t at) {
  const auto count = [&node](std::size_t i) {
    const Node& child = *node.children[i].node;
    return child.is_leaf() ? child.entries.size() : child.children.size();
  };
  if (node.children[at].size == 0) {
    node.children.erase(node.children.begin() + static_cast<std::ptrdiff_t>(at));
    return;
  }
  node.children[at].first = FirstOf(*node.children[at].node);
  if (count(at) >= kFew) return;
  if (at + 1 < node.children.size() && count(at) + count(at + 1) <= kMostEntries) {
    Merge(node, at);
  } else if (at > 0 && count(at - 1) + count(at) <= kMostEntries) {
    Merge(node, at - 1);
  }
}

// Takes the child behind `left` into it.
void ScoreIndex::Merge(Node& node, std::size_t left) {
  static_assert(kMostEntries == kMostChildren);
  Child& into = node.children[left];
  Child& from = node.children[left + 1];
  into.size += from.size;
  Node& target = *into.node;
  target.entries.insert(target.entries.end(), from.node->entries.begin(), from.node->entries.end());
  std::ranges::move(from.node->children, std::back_inserter(target.children));
  node.children.erase(node.children.begin() + static_cast<std::ptrdiff_t>(left + 1));
}

void ScoreIndex::Replace(double score, std::string_view name, const Cell* cell, const Cell* fresh) {
  const Wanted wanted{score, name, cell};
  Require(root_ != nullptr, "an entry that is replaced in an order stands in it");
  Node* node = root_.get();
  while (!node->is_leaf()) {
    Child& child = node->children[ChildOf(*node, wanted)];
    if (child.first.cell == cell) child.first.cell = fresh;
    node = child.node.get();
  }
  const std::size_t at =
      Partition(node->entries, [&](const Entry& entry) { return IsBefore(entry, wanted); });
  Require(at < node->entries.size() && node->entries[at].cell == cell,
          "an entry that is replaced in an order stands in it");
  node->entries[at].cell = fresh;
}

// --- Questions -----------------------------------------------------------------------------------

ScoreIndex::Cursor ScoreIndex::At(std::uint64_t rank) const {
  Cursor cursor;
  const Node* node = root_.get();
  while (!node->is_leaf()) {
    std::size_t at = 0;
    while (rank >= node->children[at].size) rank -= node->children[at++].size;
    cursor.path_[cursor.depth_++] = {node, at};
    node = node->children[at].node.get();
  }
  cursor.leaf_ = node;
  cursor.place_ = rank;
  return cursor;
}

void ScoreIndex::Cursor::Descend(const Node* node, bool to_front) {
  while (!node->is_leaf()) {
    const std::size_t at = to_front ? 0 : node->children.size() - 1;
    path_[depth_++] = {node, at};
    node = node->children[at].node.get();
  }
  leaf_ = node;
  place_ = to_front ? 0 : node->entries.size() - 1;
}

void ScoreIndex::Cursor::Next() {
  if (++place_ < leaf_->entries.size()) return;
  while (depth_ > 0) {
    Step& step = path_[depth_ - 1];
    if (++step.child < step.node->children.size()) {
      return Descend(step.node->children[step.child].node.get(), true);
    }
    --depth_;
  }
}

void ScoreIndex::Cursor::Previous() {
  if (place_-- > 0) return;
  while (depth_ > 0) {
    Step& step = path_[depth_ - 1];
    if (step.child-- > 0) {
      return Descend(step.node->children[step.child].node.get(), false);
    }
    --depth_;
  }
}

std::size_t ScoreIndex::MemoryOf(const Node& node) {
  std::size_t bytes = sizeof node + node.entries.capacity() * sizeof(Entry) +
                      node.children.capacity() * sizeof(Child);
  for (const Child& child : node.children) bytes += MemoryOf(*child.node);
  return bytes;
}

std::size_t ScoreIndex::memory_bytes() const {
  return root_ == nullptr ? 0 : MemoryOf(*root_);
}

}  // namespace crdt
