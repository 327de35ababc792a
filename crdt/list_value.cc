#include "crdt/list_value.h"

#include <algorithm>
#include <utility>

#include "crdt/result.h"

namespace crdt {
namespace {

// A leaf with fewer elements is a reason to look for one to merge it with.
constexpr std::uint32_t kFewElements = ListLeaf::kMostElements / 4;

bool Precedes(const ListPlace& left, const ListPlace& right) {
  return CompareListPlaces(left, right) < 0;
}

bool AreSame(const ListPlace& left, const ListPlace& right) {
  return left.root == right.root && left.steps == right.steps;
}

}  // namespace

// --- Questions -----------------------------------------------------------------------------------

ListElementView ListValue::At(std::uint64_t index) const {
  if (index + 1 == size()) return index_.last_leaf().last();
  const ListIndex::Spot spot = index_.Find(index);
  return spot.leaf().At(static_cast<std::uint32_t>(index)).element();
}

void ListValue::ForEach(std::uint64_t from, std::uint64_t count, const Visit& visit) const {
  if (from >= size() || count == 0) return;
  std::uint64_t inside = from;
  ListIndex::Spot spot = index_.Find(inside);
  ListLeaf::Cursor cursor = spot.leaf().At(static_cast<std::uint32_t>(inside));
  for (;;) {
    for (; !cursor.at_end(); cursor.Next()) {
      if (!visit(cursor.element()) || --count == 0) return;
    }
    if (!spot.Next()) return;
    cursor = spot.leaf().begin();
  }
}

void ListValue::ForEachBackward(const Visit& visit) const {
  if (empty()) return;
  ListIndex::Spot spot = index_.Last();
  std::vector<ListElementView> elements;
  do {
    elements.clear();
    for (auto cursor = spot.leaf().begin(); !cursor.at_end(); cursor.Next()) {
      elements.push_back(cursor.element());
    }
    for (auto element = elements.rbegin(); element != elements.rend(); ++element) {
      if (!visit(*element)) return;
    }
  } while (spot.Previous());
}

std::optional<ListElementView> ListValue::Find(const ListPlace& place) const {
  if (empty()) return std::nullopt;
  const ListIndex::Spot spot = index_.Find(place);
  for (auto cursor = spot.leaf().begin(); !cursor.at_end(); cursor.Next()) {
    const ListElementView element = cursor.element();
    if (AreSame(element.place(), place)) return element;
  }
  return std::nullopt;
}

Stamp ListValue::newest() const {
  Stamp newest;
  ForEach(0, size(), [&newest](const ListElementView& element) {
    newest = std::max(newest, element.newest());
    return true;
  });
  return newest;
}

// --- Leaves --------------------------------------------------------------------------------------

std::vector<ListValue::Moved> ListValue::ElementsOf(const ListLeaf& leaf) {
  std::vector<Moved> elements;
  elements.reserve(leaf.size() + 1);
  for (auto cursor = leaf.begin(); !cursor.at_end(); cursor.Next()) {
    const ListElementView element = cursor.element();
    elements.push_back({element.place(), element.body()});
  }
  return elements;
}

bool ListValue::IsBeforeAll(const ListPlace& place) const {
  return empty() || Precedes(place, index_.first_leaf().first().place());
}

bool ListValue::IsBehindAll(const ListPlace& place) const {
  return empty() || Precedes(index_.last_leaf().last().place(), place);
}

void ListValue::Append(const ListPlace& place, const ListBody& body) {
  ListLeaf leaf;
  if (!empty()) {
    const ListIndex::Spot spot = index_.Last();
    if (spot.leaf().HasRoom(body.size())) {
      spot.leaf().Append(place.root, body);
      index_.Recount(spot, 1);
      return;
    }
    spot.leaf().Shrink();
    leaf.ReserveBehind(spot.leaf());
  }
  leaf.Append(place.root, body);
  index_.PushBack(std::move(leaf));
}

// REQUIRES: not empty.
void ListValue::Prepend(const ListPlace& place, const ListBody& body) {
  const ListIndex::Spot spot = index_.First();
  if (spot.leaf().HasRoom(body.size())) {
    spot.leaf().Prepend(place.root, body);
    index_.Recount(spot, 1);
    return;
  }
  spot.leaf().Shrink();
  ListLeaf leaf;
  leaf.ReserveBefore(spot.leaf());
  leaf.Prepend(place.root, body);
  index_.PushFront(std::move(leaf));
}

void ListValue::Replace(const ListIndex::Spot& spot, std::span<const Moved> elements) {
  if (elements.empty()) return index_.Remove(spot);
  std::size_t bytes = 0;
  for (const Moved& element : elements) bytes += element.body.size() + 1;
  const std::size_t parts =
      std::max((bytes + ListLeaf::kMostBytes - 1) / ListLeaf::kMostBytes,
               (elements.size() + ListLeaf::kMostElements - 1) / ListLeaf::kMostElements);
  const std::size_t share = bytes / parts;
  std::vector<ListLeaf> leaves(1);
  for (const Moved& element : elements) {
    if (!leaves.back().HasRoom(element.body.size()) ||
        (leaves.size() < parts && leaves.back().used_bytes() >= share)) {
      leaves.emplace_back();
    }
    leaves.back().Append(element.place.root, element.body);
  }
  const auto before = static_cast<std::int64_t>(spot.leaf().size());
  std::uint64_t last = spot.before();
  // The views into the old leaf end here.
  spot.leaf() = std::move(leaves.front());
  index_.Recount(spot, static_cast<std::int64_t>(spot.leaf().size()) - before);
  for (std::size_t i = 1; i < leaves.size(); ++i) {
    std::uint64_t inside = last;
    const ListIndex::Spot behind = index_.Find(inside);
    last += behind.leaf().size();
    index_.InsertBehind(behind, std::move(leaves[i]));
  }
}

std::uint64_t ListValue::Filter(const ListIndex::Spot& spot, const Keeps& keeps) {
  std::vector<Moved> kept;
  for (auto cursor = spot.leaf().begin(); !cursor.at_end(); cursor.Next()) {
    const ListElementView element = cursor.element();
    if (keeps(element)) kept.push_back({element.place(), element.body()});
  }
  if (kept.size() < spot.leaf().size()) Replace(spot, kept);
  return kept.size();
}

void ListValue::FilterFrom(std::uint64_t from, const std::function<bool(const ListLeaf&)>& goes_on,
                           const Keeps& keeps) {
  while (from < size()) {
    std::uint64_t inside = from;
    const ListIndex::Spot spot = index_.Find(inside);
    if (!goes_on(spot.leaf())) return;
    const std::uint64_t begin = spot.before();
    from = begin + Filter(spot, keeps);
  }
}

void ListValue::MergeAround(std::uint64_t element) {
  if (element >= size()) return;
  std::uint64_t inside = element;
  const ListIndex::Spot spot = index_.Find(inside);
  ListIndex::Spot next = spot;
  if (spot.leaf().size() >= kFewElements || !next.Next()) return;
  if (spot.leaf().used_bytes() + next.leaf().used_bytes() + kMostHopBytes > ListLeaf::kMostBytes ||
      spot.leaf().size() + next.leaf().size() > ListLeaf::kMostElements) {
    return;
  }
  for (const Moved& moved : ElementsOf(next.leaf())) {
    spot.leaf().Append(moved.place.root, moved.body);
  }
  index_.Recount(spot, next.leaf().size());
  index_.Remove(next);
}

void ListValue::DropFirst() {
  const ListIndex::Spot spot = index_.First();
  if (spot.leaf().size() == 1) return index_.Remove(spot);
  spot.leaf().PopFront();
  index_.Recount(spot, -1);
}

void ListValue::DropLast() {
  const ListIndex::Spot spot = index_.Last();
  if (spot.leaf().size() == 1) return index_.Remove(spot);
  spot.leaf().PopBack();
  index_.Recount(spot, -1);
}

// --- Changes -------------------------------------------------------------------------------------

void ListValue::Insert(const ListPlace& place, Stamp inserted, std::string_view text) {
  std::string bytes;
  if (!place.steps.empty()) AppendListBody(place.steps, inserted, text, bytes);
  const ListBody body = place.steps.empty() ? ListBody::OfText(text) : ListBody(bytes);
  // What is pushed on the left is put before all mostly.
  const bool left = place.root.side == ListSide::kLeft && !empty();
  if (left && IsBeforeAll(place)) return Prepend(place, body);
  if (IsBehindAll(place)) return Append(place, body);
  if (!left && IsBeforeAll(place)) return Prepend(place, body);
  const ListIndex::Spot spot = index_.Find(place);
  std::vector<Moved> elements = ElementsOf(spot.leaf());
  const auto at = std::ranges::find_if(
      elements, [&place](const Moved& element) { return !Precedes(element.place, place); });
  if (at != elements.end() && AreSame(at->place, place)) return;
  if (bytes.empty()) body.AppendTo(bytes);
  elements.insert(at, {place, bytes});
  Replace(spot, elements);
}

bool ListValue::Assign(const ListPlace& place, const Context& context, std::string_view text) {
  if (empty()) return false;
  const ListIndex::Spot spot = index_.Find(place);
  std::vector<Moved> elements = ElementsOf(spot.leaf());
  const auto found = std::ranges::find_if(
      elements, [&place](const Moved& element) { return AreSame(place, element.place); });
  if (found == elements.end()) return false;
  std::vector<Sibling> siblings =
      spot.leaf().At(static_cast<std::uint32_t>(found - elements.begin())).element().Siblings();
  std::erase_if(siblings, [&context](const Sibling& sibling) {
    return context.Covers(sibling.stamp) || sibling.stamp == context.stamp();
  });
  siblings.push_back({context.stamp(), std::string(text)});
  std::ranges::sort(siblings, {}, &Sibling::stamp);
  std::string body;
  AppendListBody(found->place.steps, found->place.inserted(), siblings, body);
  found->body = body;
  Replace(spot, elements);
  return true;
}

void ListValue::Remove(std::span<const ListPlace> places,
                       const std::function<void(const ListPlace&)>& on_missing) {
  while (!places.empty()) {
    if (empty()) {
      std::ranges::for_each(places, on_missing);
      return;
    }
    // Pops come from the ends mostly.
    if (AreSame(index_.first_leaf().first().place(), places.front())) {
      DropFirst();
      places = places.subspan(1);
      continue;
    }
    if (places.size() == 1 && AreSame(index_.last_leaf().last().place(), places.front())) {
      return DropLast();
    }
    const ListIndex::Spot spot = index_.Find(places.front());
    const std::uint64_t begin = spot.before();
    const auto keeps = [&](const ListElementView& element) {
      while (!places.empty() && Precedes(places.front(), element.place())) {
        on_missing(places.front());
        places = places.subspan(1);
      }
      const bool keep = places.empty() || !AreSame(places.front(), element.place());
      if (!keep) places = places.subspan(1);
      return keep;
    };
    const std::size_t before = places.size();
    Filter(spot, keeps);
    if (places.size() == before) {
      // Behind the leaf's last element, and before the next leaf.
      on_missing(places.front());
      places = places.subspan(1);
    }
    MergeAround(begin);
  }
}

void ListValue::Trim(const Context& context, const std::optional<ListPlace>& first,
                     const std::optional<ListPlace>& last) {
  if (first) {
    FilterFrom(
        0, [&](const ListLeaf& leaf) { return Precedes(leaf.first().place(), *first); },
        [&](const ListElementView& element) {
          return !Precedes(element.place(), *first) || !context.Covers(element.place().inserted());
        });
    MergeAround(0);
  }
  if (last && !empty()) {
    const std::uint64_t begin = index_.Find(*last).before();
    FilterFrom(
        begin, [](const ListLeaf&) { return true; },
        [&](const ListElementView& element) {
          return !Precedes(*last, element.place()) || !context.Covers(element.place().inserted());
        });
    MergeAround(begin);
  }
}

void ListValue::RemoveAll(const Context& context) {
  if (context.covers_everything()) return index_.clear();
  FilterFrom(
      0, [](const ListLeaf&) { return true; },
      [&context](const ListElementView& element) {
        return !context.Covers(element.place().inserted());
      });
}

// --- Joining -------------------------------------------------------------------------------------

namespace {

bool Holds(const std::vector<Sibling>& siblings, Stamp stamp) {
  return std::ranges::find(siblings, stamp, &Sibling::stamp) != siblings.end();
}

// What stays of the values of an element that both sides have.
std::vector<Sibling> JoinSiblings(const std::vector<Sibling>& here,
                                  const std::vector<Sibling>& there, const VersionVector& mine,
                                  const VersionVector& theirs) {
  std::vector<Sibling> joined;
  for (const Sibling& sibling : here) {
    const bool both = Holds(there, sibling.stamp);
    if (both || !theirs.Covers(sibling.stamp)) joined.push_back(sibling);
  }
  for (const Sibling& sibling : there) {
    const bool both = Holds(here, sibling.stamp);
    if (!both && !mine.Covers(sibling.stamp)) joined.push_back(sibling);
  }
  std::ranges::sort(joined, {}, &Sibling::stamp);
  return joined;
}

// All elements of a list, one after another.
class Walk {
 public:
  explicit Walk(const ListIndex& index) : cursor_(nullptr, {}, 0) {
    if (index.size() == 0) return;
    spot_ = index.First();
    cursor_ = spot_->leaf().begin();
  }
  bool at_end() const { return cursor_.at_end(); }
  ListElementView element() const { return cursor_.element(); }
  void Next() {
    cursor_.Next();
    if (cursor_.at_end() && spot_->Next()) cursor_ = spot_->leaf().begin();
  }

 private:
  std::optional<ListIndex::Spot> spot_;
  ListLeaf::Cursor cursor_;
};

}  // namespace

void ListValue::Join(const ListValue& other, const VersionVector& mine,
                     const VersionVector& theirs) {
  ListValue joined;
  Walk here(index_);
  Walk there(other.index_);
  std::string body;
  while (!here.at_end() || !there.at_end()) {
    const auto order = here.at_end() ? std::strong_ordering::greater
                       : there.at_end()
                           ? std::strong_ordering::less
                           : CompareListPlaces(here.element().place(), there.element().place());
    if (order == 0) {
      const ListPlace place = here.element().place();
      body.clear();
      if (here.element().body() == there.element().body()) {
        body = here.element().body();
      } else {
        const std::vector<Sibling> siblings =
            JoinSiblings(here.element().Siblings(), there.element().Siblings(), mine, theirs);
        if (!siblings.empty()) AppendListBody(place.steps, place.inserted(), siblings, body);
      }
      if (!body.empty()) joined.Append(place, ListBody(body));
      here.Next();
      there.Next();
      continue;
    }
    // Absent there and covered means removed.
    Walk& only = order < 0 ? here : there;
    const ListElementView element = only.element();
    if (!(order < 0 ? theirs : mine).Covers(element.place().inserted())) {
      joined.Append(element.place(), element.body());
    }
    only.Next();
  }
  *this = std::move(joined);
}

// --- Bytes ---------------------------------------------------------------------------------------

namespace {

void EncodeElement(const ListElementView& element, ListPlaceWriter& places, ByteWriter& out) {
  places.Put(element.place());
  if (!element.overwritten()) {
    std::string scratch;
    out.Varint(0);
    out.Bytes(element.Text(scratch));
    return;
  }
  const std::vector<Sibling> siblings = element.Siblings();
  out.Varint(siblings.size());
  for (const Sibling& sibling : siblings) {
    out.PutStamp(sibling.stamp);
    out.Bytes(sibling.value);
  }
}

}  // namespace

void ListValue::Encode(ByteWriter& out) const {
  out.Varint(size());
  ListPlaceWriter places(out);
  ForEach(0, size(), [&](const ListElementView& element) {
    EncodeElement(element, places, out);
    return true;
  });
}

bool ListValue::EncodePiece(PieceCursor& at, PieceBudget& budget, ByteWriter& out) const {
  std::string bytes;
  ByteWriter elements(bytes);
  ListPlaceWriter places(elements);
  std::uint64_t count = 0;
  std::optional<ListPlace> last;
  bool ended = true;
  const auto put = [&](const ListElementView& element) {
    if (at.place && !Precedes(*at.place, element.place())) return true;
    ended = !budget.spent();
    if (!ended) return false;
    const std::size_t before = bytes.size();
    EncodeElement(element, places, elements);
    budget.TakeElement(bytes.size() - before);
    last = element.place();
    ++count;
    return true;
  };
  if (!empty()) ForEach(at.place ? index_.Find(*at.place).before() : 0, size(), put);
  if (last) at.place = last->Copy();
  out.Varint(count);
  out.Raw(bytes.data(), bytes.size());
  return ended;
}

Result<ListValue> ListValue::Decode(ByteReader& in) {
  ListValue list;
  if (const Status decoded = list.AddPiece(in); !decoded) return std::unexpected(decoded.error());
  return list;
}

Status ListValue::AddPiece(ByteReader& in) {
  constexpr std::size_t kLeastElementBytes = 4;
  constexpr std::size_t kLeastSiblingBytes = 9;
  const std::uint64_t count = in.Count(kLeastElementBytes);
  ListPlaceReader places(in);
  std::string body;
  for (std::uint64_t i = 0; i < count; ++i) {
    const ListPlace place = places.Get();
    body.clear();
    if (const std::uint64_t overwritten = in.Count(kLeastSiblingBytes); overwritten == 0) {
      AppendListBody(place.steps, place.inserted(), in.Bytes(), body);
    } else {
      std::vector<Sibling> siblings(overwritten);
      for (Sibling& sibling : siblings) {
        sibling.stamp = in.GetStamp();
        sibling.value = in.Bytes();
      }
      const bool ascends =
          std::ranges::is_sorted(siblings, std::ranges::less_equal(), &Sibling::stamp);
      const bool plain = siblings.size() == 1 && siblings.front().stamp == place.inserted();
      if (!ascends || plain) in.Invalidate();
      AppendListBody(place.steps, place.inserted(), siblings, body);
    }
    if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a list does not decode");
    if (!IsBehindAll(place)) {
      return Fail(ErrorCode::kCorrupt, "the elements of a list are not in their order");
    }
    Append(place, ListBody(body));
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "a list ends early");
  return {};
}

bool ListValue::operator==(const ListValue& other) const {
  std::string left;
  std::string right;
  ByteWriter left_writer(left);
  ByteWriter right_writer(right);
  Encode(left_writer);
  other.Encode(right_writer);
  return left == right;
}

}  // namespace crdt
