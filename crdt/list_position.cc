#include "crdt/list_position.h"

#include <algorithm>
#include <cstring>

namespace crdt {
namespace {

constexpr std::uint8_t kRightFlag = 1;
constexpr std::uint8_t kStepsFlag = 2;
constexpr std::uint8_t kIndexFlag = 4;
// The same writer as the position before: the stamp is told as ticks from there.
constexpr std::uint8_t kTicksFlag = 8;
constexpr std::uint8_t kAllFlags = 15;

ListSide SideAt(std::string_view steps, std::size_t step) {
  return static_cast<ListSide>(steps[step * kListStepBytes]);
}

Stamp StampAt(std::string_view steps, std::size_t step) {
  std::uint64_t value;
  std::memcpy(&value, steps.data() + step * kListStepBytes + 1, sizeof value);
  return Stamp::FromValue(value);
}

void AppendStep(std::string& steps, ListSide side, Stamp stamp) {
  ByteWriter out(steps);
  out.U8(static_cast<std::uint8_t>(side));
  out.PutStamp(stamp);
}

std::size_t StepCount(std::string_view steps) {
  return steps.size() / kListStepBytes;
}

bool AreSteps(std::string_view bytes) {
  if (bytes.size() % kListStepBytes != 0 || StepCount(bytes) > kMostListSteps) return false;
  for (std::size_t i = 0; i < StepCount(bytes); ++i) {
    if (static_cast<std::uint8_t>(bytes[i * kListStepBytes]) > 1) return false;
  }
  return true;
}

Stamp InsertedBy(const ListRoot& root, std::string_view steps) {
  return steps.empty() ? root.stamp : StampAt(steps, StepCount(steps) - 1);
}

// Where the side of a child stands to its parent.
int Sign(ListSide side) {
  return side == ListSide::kLeft ? -1 : 1;
}

ListSide LastSide(const ListPosition& position) {
  return SideAt(position.steps, StepCount(position.steps) - 1);
}

ListPosition ParentOf(const ListPosition& position) {
  return {position.root, position.steps.substr(0, position.steps.size() - kListStepBytes)};
}

// `place` is in the tree below `parent`, on that side.
bool IsBelow(const ListPosition& place, const ListPosition& parent, ListSide side) {
  return place.root == parent.root && place.steps.size() > parent.steps.size() &&
         place.steps.starts_with(parent.steps) &&
         SideAt(place.steps, StepCount(parent.steps)) == side;
}

}  // namespace

std::strong_ordering ListRoot::operator<=>(const ListRoot& other) const {
  if (side != other.side) return side <=> other.side;
  const std::strong_ordering outward =
      stamp != other.stamp ? stamp <=> other.stamp : index <=> other.index;
  return side == ListSide::kRight ? outward : 0 <=> outward;
}

Stamp ListPosition::inserted() const {
  return InsertedBy(root, steps);
}

Stamp ListPlace::inserted() const {
  return InsertedBy(root, steps);
}

std::strong_ordering CompareListPlaces(const ListPlace& left, const ListPlace& right) {
  if (const auto order = left.root <=> right.root; order != 0) return order;
  const std::size_t left_steps = StepCount(left.steps);
  const std::size_t right_steps = StepCount(right.steps);
  for (std::size_t i = 0; i < std::min(left_steps, right_steps); ++i) {
    const ListSide side = SideAt(left.steps, i);
    if (const ListSide other = SideAt(right.steps, i); side != other) return side <=> other;
    const Stamp stamp = StampAt(left.steps, i);
    if (const Stamp other = StampAt(right.steps, i); stamp != other) {
      return side == ListSide::kRight ? stamp <=> other : other <=> stamp;
    }
  }
  if (left_steps == right_steps) return std::strong_ordering::equal;
  // One is an ancestor of the other, and stands between its left and its right children.
  return left_steps < right_steps ? 0 <=> Sign(SideAt(right.steps, left_steps))
                                  : Sign(SideAt(left.steps, right_steps)) <=> 0;
}

std::optional<ListGap> GapBetween(const std::optional<ListPosition>& before,
                                  const std::optional<ListPosition>& after) {
  // Beside the neighbour rather than below it, where that is possible: else repeated insertions at
  // one spot would grow paths by a step each (fine print 21). Not among the root's children: there
  // a push that comes meanwhile would stand between the pivot and what was put next to it.
  std::optional<ListGap> gap;
  if (before && !before->steps.empty() && LastSide(*before) == ListSide::kRight) {
    const ListPosition parent = ParentOf(*before);
    if (!after || !IsBelow(*after, parent, ListSide::kRight)) {
      gap = ListGap{parent, ListSide::kRight};
    }
  }
  if (!gap && after && !after->steps.empty() && LastSide(*after) == ListSide::kLeft) {
    const ListPosition parent = ParentOf(*after);
    if (!before || !IsBelow(*before, parent, ListSide::kLeft)) {
      gap = ListGap{parent, ListSide::kLeft};
    }
  }
  // Whatever is there no more below `before` is no matter: the newest right child is the last one.
  if (!gap && before && (!after || !IsBelow(*after, *before, ListSide::kRight))) {
    gap = ListGap{*before, ListSide::kRight};
  }
  if (!gap) gap = ListGap{*after, ListSide::kLeft};
  if (StepCount(gap->parent.steps) >= kMostListSteps) return std::nullopt;
  return gap;
}

ListPosition PositionIn(const ListGap& gap, Stamp stamp) {
  ListPosition position = gap.parent;
  AppendStep(position.steps, gap.side, stamp);
  return position;
}

void ListPlaceWriter::Put(const ListPlace& place) {
  const ListRoot& root = place.root;
  const bool near = !last_.stamp.is_zero() && last_.stamp.writer() == root.stamp.writer();
  out_.U8(static_cast<std::uint8_t>((root.side == ListSide::kRight ? kRightFlag : 0) |
                                    (place.steps.empty() ? 0 : kStepsFlag) |
                                    (root.index == 0 ? 0 : kIndexFlag) | (near ? kTicksFlag : 0)));
  if (near) {
    const auto ticks = static_cast<std::int64_t>(root.stamp.value() >> Stamp::kWriterBits) -
                       static_cast<std::int64_t>(last_.stamp.value() >> Stamp::kWriterBits);
    out_.Signed(ticks);
  } else {
    out_.PutStamp(root.stamp);
  }
  if (root.index != 0) out_.Varint(root.index);
  if (!place.steps.empty()) out_.Bytes(place.steps);
  last_ = root;
}

ListPlace ListPlaceReader::Get() {
  const std::uint8_t flags = in_.U8();
  ListPlace place;
  place.root.side = (flags & kRightFlag) != 0 ? ListSide::kRight : ListSide::kLeft;
  if ((flags & kTicksFlag) != 0) {
    const std::uint64_t ticks =
        (last_.stamp.value() >> Stamp::kWriterBits) + static_cast<std::uint64_t>(in_.Signed());
    place.root.stamp = Stamp::FromValue(ticks << Stamp::kWriterBits | last_.stamp.writer().bits());
    if (last_.stamp.is_zero()) in_.Invalidate();
  } else {
    place.root.stamp = in_.GetStamp();
    // One encoding for each position.
    if (!last_.stamp.is_zero() && last_.stamp.writer() == place.root.stamp.writer()) {
      in_.Invalidate();
    }
  }
  if ((flags & kIndexFlag) != 0) {
    const std::uint64_t index = in_.Varint();
    if (index == 0 || index > UINT32_MAX) in_.Invalidate();
    place.root.index = static_cast<std::uint32_t>(index);
  }
  if ((flags & kStepsFlag) != 0) {
    place.steps = in_.Bytes();
    if (place.steps.empty() || !AreSteps(place.steps)) in_.Invalidate();
  }
  if (flags > kAllFlags || place.root.stamp.is_zero()) in_.Invalidate();
  last_ = place.root;
  return in_.ok() ? place : ListPlace();
}

namespace {

std::string StampText(Stamp stamp) {
  return std::to_string(stamp.region()) + '.' + std::to_string(stamp.writer().epoch_slot()) + ':' +
         std::to_string(stamp.value());
}

char SideLetter(ListSide side) {
  return side == ListSide::kLeft ? 'L' : 'R';
}

}  // namespace

std::string ToString(const ListPlace& place) {
  std::string text = {SideLetter(place.root.side), ' '};
  text += StampText(place.root.stamp) + '#' + std::to_string(place.root.index);
  for (std::size_t i = 0; i < StepCount(place.steps); ++i) {
    text += {' ', '>', ' ', SideLetter(SideAt(place.steps, i)), ' '};
    text += StampText(StampAt(place.steps, i));
  }
  return text;
}

}  // namespace crdt
