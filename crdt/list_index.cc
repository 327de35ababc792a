#include "crdt/list_index.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "crdt/result.h"

namespace crdt {
namespace {

// Moves everything from `slot` on one place up.
template <class Values>
void Shift(Values& values, int slot, int size) {
  std::move_backward(values.begin() + slot, values.begin() + size, values.begin() + size + 1);
}

}  // namespace

ListIndex::ListIndex(ListIndex&& other) noexcept
    : size_(std::exchange(other.size_, 0)),
      height_(std::exchange(other.height_, 0)),
      root_(std::exchange(other.root_, Child{.leaf = nullptr})) {}

ListIndex& ListIndex::operator=(ListIndex&& other) noexcept {
  std::swap(size_, other.size_);
  std::swap(height_, other.height_);
  std::swap(root_, other.root_);
  return *this;
}

void ListIndex::clear() {
  if (root_.leaf != nullptr) Free(root_, height_);
  root_.leaf = nullptr;
  height_ = 0;
  size_ = 0;
}

void ListIndex::Free(Child child, int height) {
  if (height == 0) {
    delete child.leaf;
    return;
  }
  for (int i = 0; i < child.branch->size; ++i) {
    Free(child.branch->children[static_cast<std::size_t>(i)], height - 1);
  }
  delete child.branch;
}

std::size_t ListIndex::memory_bytes() const {
  return root_.leaf == nullptr ? 0 : MemoryOf(root_, height_);
}

std::size_t ListIndex::MemoryOf(Child child, int height) {
  if (height == 0) return sizeof(ListLeaf) + child.leaf->memory_bytes();
  std::size_t bytes = sizeof(Branch);
  for (int i = 0; i < child.branch->size; ++i) {
    bytes += MemoryOf(child.branch->children[static_cast<std::size_t>(i)], height - 1);
  }
  return bytes;
}

std::uint64_t ListIndex::CountOf(const Branch& branch) {
  return std::accumulate(branch.counts.begin(), branch.counts.begin() + branch.size,
                         std::uint64_t{0});
}

const ListLeaf& ListIndex::FirstLeafOf(Child child, int height) {
  for (; height > 0; --height) child = child.branch->children[0];
  return *child.leaf;
}

const ListLeaf& ListIndex::first_leaf() const {
  return FirstLeafOf(root_, height_);
}

const ListLeaf& ListIndex::last_leaf() const {
  Child child = root_;
  for (int height = height_; height > 0; --height) {
    child = child.branch->children[static_cast<std::size_t>(child.branch->size - 1)];
  }
  return *child.leaf;
}

// --- Ways ----------------------------------------------------------------------------------------

// Goes on from spot.height_ to the first or the last leaf below.
void ListIndex::Descend(Spot& spot, bool to_last) const {
  Child child = root_;
  if (spot.height_ > 0) {
    const Spot::Step& step = spot.way_[static_cast<std::size_t>(spot.height_ - 1)];
    child = step.branch->children[static_cast<std::size_t>(step.slot)];
  }
  while (spot.height_ < height_) {
    const int slot = to_last ? child.branch->size - 1 : 0;
    spot.way_[static_cast<std::size_t>(spot.height_++)] = {child.branch, slot};
    child = child.branch->children[static_cast<std::size_t>(slot)];
  }
  spot.leaf_ = child.leaf;
}

ListIndex::Spot ListIndex::First() const {
  Spot spot;
  Descend(spot, false);
  return spot;
}

ListIndex::Spot ListIndex::Last() const {
  Spot spot;
  Descend(spot, true);
  spot.before_ = size_ - spot.leaf_->size();
  return spot;
}

ListIndex::Spot ListIndex::Find(std::uint64_t& index) const {
  Spot spot;
  Child child = root_;
  while (spot.height_ < height_) {
    Branch& branch = *child.branch;
    std::size_t slot = 0;
    for (; index >= branch.counts[slot]; ++slot) {
      index -= branch.counts[slot];
      spot.before_ += branch.counts[slot];
    }
    spot.way_[static_cast<std::size_t>(spot.height_++)] = {&branch, static_cast<int>(slot)};
    child = branch.children[slot];
  }
  spot.leaf_ = child.leaf;
  return spot;
}

ListIndex::Spot ListIndex::Find(const ListPlace& place) const {
  Spot spot;
  Child child = root_;
  while (spot.height_ < height_) {
    Branch& branch = *child.branch;
    const int below = height_ - spot.height_ - 1;
    const auto behind =
        std::upper_bound(branch.children.begin() + 1, branch.children.begin() + branch.size, place,
                         [&](const ListPlace& wanted, Child other) {
                           const ListPlace begin = FirstLeafOf(other, below).first().place();
                           return CompareListPlaces(wanted, begin) < 0;
                         });
    const auto slot = static_cast<std::size_t>(behind - branch.children.begin() - 1);
    for (std::size_t i = 0; i < slot; ++i) spot.before_ += branch.counts[i];
    spot.way_[static_cast<std::size_t>(spot.height_++)] = {&branch, static_cast<int>(slot)};
    child = branch.children[slot];
  }
  spot.leaf_ = child.leaf;
  return spot;
}

bool ListIndex::Spot::Next() {
  int level = height_ - 1;
  while (level >= 0 && way_[static_cast<std::size_t>(level)].slot + 1 ==
                           way_[static_cast<std::size_t>(level)].branch->size) {
    --level;
  }
  if (level < 0) return false;
  before_ += leaf_->size();
  ++way_[static_cast<std::size_t>(level)].slot;
  for (;; ++level) {
    const Step& step = way_[static_cast<std::size_t>(level)];
    const Child child = step.branch->children[static_cast<std::size_t>(step.slot)];
    if (level + 1 == height_) {
      leaf_ = child.leaf;
      return true;
    }
    way_[static_cast<std::size_t>(level + 1)] = {child.branch, 0};
  }
}

bool ListIndex::Spot::Previous() {
  int level = height_ - 1;
  while (level >= 0 && way_[static_cast<std::size_t>(level)].slot == 0) --level;
  if (level < 0) return false;
  --way_[static_cast<std::size_t>(level)].slot;
  for (;; ++level) {
    const Step& step = way_[static_cast<std::size_t>(level)];
    const Child child = step.branch->children[static_cast<std::size_t>(step.slot)];
    if (level + 1 == height_) {
      leaf_ = child.leaf;
      before_ -= leaf_->size();
      return true;
    }
    way_[static_cast<std::size_t>(level + 1)] = {child.branch, child.branch->size - 1};
  }
}

// --- Changes -------------------------------------------------------------------------------------

void ListIndex::PushFront(ListLeaf leaf) {
  Insert(root_.leaf == nullptr ? Spot() : First(), 0, std::move(leaf));
}

void ListIndex::PushBack(ListLeaf leaf) {
  Insert(root_.leaf == nullptr ? Spot() : Last(), 1, std::move(leaf));
}

void ListIndex::InsertBehind(const Spot& spot, ListLeaf leaf) {
  Insert(spot, 1, std::move(leaf));
}

void ListIndex::Insert(const Spot& spot, int behind, ListLeaf leaf) {
  std::uint64_t count = leaf.size();
  Child child{.leaf = new ListLeaf(std::move(leaf))};
  size_ += count;
  if (root_.leaf == nullptr) {
    root_ = child;
    return;
  }
  for (int level = 0; level + 1 < height_; ++level) {
    const Spot::Step& step = spot.way_[static_cast<std::size_t>(level)];
    step.branch->counts[static_cast<std::size_t>(step.slot)] += count;
  }
  for (int level = height_ - 1; level >= 0; --level, behind = 1) {
    const Spot::Step& step = spot.way_[static_cast<std::size_t>(level)];
    Branch* const split = InsertChild(*step.branch, step.slot + behind, child, count);
    if (split == nullptr) return;
    child = {.branch = split};
    count = CountOf(*split);
    if (level == 0) continue;
    const Spot::Step& above = spot.way_[static_cast<std::size_t>(level - 1)];
    above.branch->counts[static_cast<std::size_t>(above.slot)] = CountOf(*step.branch);
  }
  auto* const root = new Branch;
  root->size = 2;
  root->counts = {size_ - count, count};
  root->children = {root_, child};
  if (behind == 0) {
    std::swap(root->counts[0], root->counts[1]);
    std::swap(root->children[0], root->children[1]);
  }
  root_ = {.branch = root};
  ++height_;
  Require(height_ < kMostHeight, "a list's index has a bounded height");
}

ListIndex::Branch* ListIndex::InsertChild(Branch& branch, int slot, Child child,
                                          std::uint64_t count) {
  Branch* target = &branch;
  Branch* split = nullptr;
  if (branch.size == kFanOut) {
    // At an end the old branch stays as full as it is: lists are filled from their ends.
    const int kept = slot == kFanOut || slot == 0 ? slot : kFanOut / 2;
    split = new Branch;
    split->size = kFanOut - kept;
    std::copy(branch.counts.begin() + kept, branch.counts.end(), split->counts.begin());
    std::copy(branch.children.begin() + kept, branch.children.end(), split->children.begin());
    branch.size = kept;
    if (slot > kept || slot == kFanOut) {
      target = split;
      slot -= kept;
    }
  }
  Shift(target->counts, slot, target->size);
  Shift(target->children, slot, target->size);
  target->counts[static_cast<std::size_t>(slot)] = count;
  target->children[static_cast<std::size_t>(slot)] = child;
  ++target->size;
  return split;
}

void ListIndex::Recount(const Spot& spot, std::int64_t more) {
  size_ += static_cast<std::uint64_t>(more);
  for (int level = 0; level < height_; ++level) {
    const Spot::Step& step = spot.way_[static_cast<std::size_t>(level)];
    step.branch->counts[static_cast<std::size_t>(step.slot)] += static_cast<std::uint64_t>(more);
  }
}

void ListIndex::Remove(const Spot& spot) {
  if (height_ == 0) return clear();
  const Spot::Step& lowest = spot.way_[static_cast<std::size_t>(height_ - 1)];
  const std::uint64_t count = lowest.branch->counts[static_cast<std::size_t>(lowest.slot)];
  Recount(spot, -static_cast<std::int64_t>(count));
  delete spot.leaf_;
  for (int level = height_ - 1; level >= 0; --level) {
    const auto [branch, slot] = spot.way_[static_cast<std::size_t>(level)];
    std::move(branch->counts.begin() + slot + 1, branch->counts.begin() + branch->size,
              branch->counts.begin() + slot);
    std::move(branch->children.begin() + slot + 1, branch->children.begin() + branch->size,
              branch->children.begin() + slot);
    if (--branch->size > 0) break;
    delete branch;
    if (level == 0) {
      root_.leaf = nullptr;
      height_ = 0;
      return;
    }
  }
  while (height_ > 0 && root_.branch->size == 1) {
    Branch* const old = root_.branch;
    root_ = old->children[0];
    delete old;
    --height_;
  }
}

}  // namespace crdt
