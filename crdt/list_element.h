// The bytes of a list's element inside a leaf: what it holds and where it stands.
//
// A *body* is the value, and the steps of its place where it has some. A *hop* leads from the root
// child of one element to that of the next one: elements that one writer pushed one after another
// have near stamps, so that a hop is one byte mostly.
//
//   body:  00–7f  text of that length        80–87  integer of 1–8 bytes     88  long text
//          89     steps and siblings          c0–ff  integer 0–63
//   hop:   00     same stamp, next index      01–ef  so many ticks outward, index 0
//          f2–f7  ticks in 2–7 bytes          f8–fa  stamp's distance in 4–6 bytes, index 0
//          fe     side, stamp, index in full  ff     the same root child
//
// These bytes never leave the process.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/list_position.h"
#include "crdt/string_value.h"

namespace crdt {

// --- Bodies
// --------------------------------------------------------------------------------------

// A body that is about to be put into a leaf, in two pieces: so a value need not be copied first.
class ListBody {
 public:
  // The whole of one. Both are views.
  ListBody(std::string_view body) : rest_(body) {}  // NOLINT: a view, as string_view is of string.
  // Of a value that nobody has overwritten and whose place has no steps.
  static ListBody OfText(std::string_view text);

  std::size_t size() const { return head_size_ + rest_.size(); }
  // REQUIRES: there is room for size() bytes.
  void CopyTo(char* out) const {
    std::memcpy(out, head_.data(), head_size_);
    std::memcpy(out + head_size_, rest_.data(), rest_.size());
  }
  void AppendTo(std::string& out) const { out.append(head_.data(), head_size_).append(rest_); }

 private:
  ListBody() = default;

  std::array<char, 1 + kMostVarintBytes> head_{};
  std::size_t head_size_ = 0;
  std::string_view rest_;
};

// A value that nobody has overwritten: its stamp is that of the insertion.
void AppendListBody(std::string_view steps, Stamp inserted, std::string_view text,
                    std::string& out);
// REQUIRES: `siblings` is not empty and ascends.
void AppendListBody(std::string_view steps, Stamp inserted, std::span<const Sibling> siblings,
                    std::string& out);

// An element as it stands in a leaf. Valid until the next change of its list.
class ListElementView {
 public:
  ListElementView() = default;
  ListElementView(const ListRoot& root, const char* body);

  const ListPlace& place() const { return place_; }
  // As it is in the leaf.
  std::string_view body() const { return body_; }
  // The shown value. The view is into the leaf or into `scratch`.
  std::string_view Text(std::string& scratch) const;
  // Several values, or one that was assigned after the insertion.
  bool overwritten() const;
  // All values that are there, ascending by stamp: the shown one is the last.
  std::vector<Sibling> Siblings() const;
  // The greatest stamp inside.
  Stamp newest() const;

 private:
  ListPlace place_;
  std::string_view body_;
};

std::size_t ListBodySize(const char* body);

// --- Hops
// ----------------------------------------------------------------------------------------

inline constexpr std::size_t kMostHopBytes = 16;
// Writes the hop to `out`, which has room for kMostHopBytes; answers its size.
std::size_t WriteListHop(const ListRoot& from, const ListRoot& to, char* out);
// Moves `root` on; answers the size of the hop.
std::size_t TakeListHop(const char* hop, ListRoot& root);

}  // namespace crdt
