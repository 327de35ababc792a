#include "crdt/list_element.h"

#include <algorithm>
#include <cstring>

namespace crdt {
namespace {

constexpr std::uint8_t kMostShortText = 0x7f;
constexpr std::uint8_t kInteger = 0x7f;  // Plus the number of bytes.
constexpr std::uint8_t kLongText = 0x88;
constexpr std::uint8_t kFull = 0x89;
constexpr std::uint8_t kSmallInteger = 0xc0;  // Plus the number.
constexpr std::int64_t kMostSmallInteger = 63;
constexpr std::size_t kLongestInteger = 20;

constexpr std::uint8_t kNextIndex = 0x00;
constexpr std::uint8_t kMostShortTicks = 0xef;
constexpr std::uint8_t kTicks = 0xf0;     // Plus the number of bytes, 2 to 7.
constexpr std::uint8_t kDistance = 0xf4;  // Plus the number of bytes, 4 to 6.
constexpr std::uint8_t kWholeRoot = 0xfe;
constexpr std::uint8_t kSameRoot = 0xff;

std::uint8_t ByteAt(const char* at) {
  return static_cast<std::uint8_t>(*at);
}

std::uint64_t LoadBytes(const char* at, std::size_t count) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, count);
  return value;
}

std::int64_t LoadInteger(const char* at, std::size_t count) {
  const int unused = 64 - 8 * static_cast<int>(count);
  return static_cast<std::int64_t>(LoadBytes(at, count) << unused) >> unused;
}

// Writes the body of an integer to `out`, which has room for nine bytes; answers its size.
std::size_t WriteInteger(std::int64_t value, char* out) {
  if (value >= 0 && value <= kMostSmallInteger) {
    out[0] = static_cast<char>(kSmallInteger + value);
    return 1;
  }
  std::memcpy(out + 1, &value, sizeof value);
  std::size_t count = 1;
  while (LoadInteger(out + 1, count) != value) ++count;
  out[0] = static_cast<char>(kInteger + count);
  return 1 + count;
}

// A reader of what stands behind the first byte of a long body. The bytes are this process' own.
ByteReader Behind(const char* body) {
  return ByteReader({body + 1, static_cast<std::size_t>(1) << 40});
}

struct FullBody {
  std::string_view steps;
  std::vector<Sibling> siblings;
};

std::string_view StepsOf(const char* body) {
  if (ByteAt(body) != kFull) return {};
  ByteReader in = Behind(body);
  in.Varint();
  return in.Bytes();
}

FullBody ReadFull(const char* body) {
  ByteReader in = Behind(body);
  in.Varint();
  FullBody full{.steps = in.Bytes(), .siblings = {}};
  full.siblings.resize(in.Varint());
  for (Sibling& sibling : full.siblings) {
    sibling.stamp = in.GetStamp();
    sibling.value = in.Bytes();
  }
  return full;
}

}  // namespace

ListBody ListBody::OfText(std::string_view text) {
  ListBody body;
  const bool may_be_number = !text.empty() && text.size() <= kLongestInteger &&
                             (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
  if (may_be_number) {
    if (const auto value = ParseInteger(text)) {
      body.head_size_ = WriteInteger(*value, body.head_.data());
      body.rest_ = text.substr(text.size());
      return body;
    }
  }
  body.rest_ = text;
  if (text.size() <= kMostShortText) {
    body.head_[0] = static_cast<char>(text.size());
    body.head_size_ = 1;
  } else {
    body.head_[0] = static_cast<char>(kLongText);
    const char* const end = PutVarint(body.head_.data() + 1, text.size());
    body.head_size_ = static_cast<std::size_t>(end - body.head_.data());
  }
  return body;
}

void AppendListBody(std::string_view steps, Stamp inserted, std::string_view text,
                    std::string& out) {
  if (steps.empty()) return ListBody::OfText(text).AppendTo(out);
  const Sibling sibling{inserted, std::string(text)};
  AppendListBody(steps, inserted, {&sibling, 1}, out);
}

void AppendListBody(std::string_view steps, Stamp inserted, std::span<const Sibling> siblings,
                    std::string& out) {
  if (steps.empty() && siblings.size() == 1 && siblings.front().stamp == inserted) {
    return ListBody::OfText(siblings.front().value).AppendTo(out);
  }
  std::string full;
  ByteWriter inside(full);
  inside.Bytes(steps);
  inside.Varint(siblings.size());
  for (const Sibling& sibling : siblings) {
    inside.PutStamp(sibling.stamp);
    inside.Bytes(sibling.value);
  }
  out.push_back(static_cast<char>(kFull));
  ByteWriter(out).Bytes(full);
}

std::size_t ListBodySize(const char* body) {
  const std::uint8_t first = ByteAt(body);
  if (first <= kMostShortText) return 1 + first;
  if (first >= kSmallInteger) return 1;
  if (first < kLongText) return 1 + static_cast<std::size_t>(first - kInteger);
  ByteReader in = Behind(body);
  const std::string_view rest = in.Bytes();
  return static_cast<std::size_t>(rest.data() + rest.size() - body);
}

ListElementView::ListElementView(const ListRoot& root, const char* body)
    : place_(root, StepsOf(body)), body_(body, ListBodySize(body)) {}

std::string_view ListElementView::Text(std::string& scratch) const {
  const char* body = body_.data();
  const std::uint8_t first = ByteAt(body);
  if (first <= kMostShortText) return body_.substr(1);
  if (first >= kSmallInteger || first < kLongText) {
    scratch = std::to_string(first >= kSmallInteger ? first - kSmallInteger
                                                    : LoadInteger(body + 1, body_.size() - 1));
    return scratch;
  }
  if (first == kLongText) return Behind(body).Bytes();
  // The shown one stands last.
  ByteReader in = Behind(body);
  in.Varint();
  in.Bytes();
  std::string_view text;
  for (std::uint64_t left = in.Varint(); left > 0; --left) {
    in.GetStamp();
    text = in.Bytes();
  }
  return text;
}

bool ListElementView::overwritten() const {
  if (ByteAt(body_.data()) != kFull) return false;
  const FullBody full = ReadFull(body_.data());
  return full.siblings.size() != 1 || full.siblings.front().stamp != place_.inserted();
}

std::vector<Sibling> ListElementView::Siblings() const {
  if (ByteAt(body_.data()) == kFull) return ReadFull(body_.data()).siblings;
  std::string scratch;
  return {{place_.inserted(), std::string(Text(scratch))}};
}

Stamp ListElementView::newest() const {
  if (ByteAt(body_.data()) != kFull) return place_.inserted();
  return std::max(place_.inserted(), ReadFull(body_.data()).siblings.back().stamp);
}

// --- Hops ----------------------------------------------------------------------------------------

namespace {

std::size_t BytesFor(std::uint64_t value) {
  std::size_t count = 1;
  while (count < sizeof value && value >> (8 * count) != 0) ++count;
  return count;
}

std::size_t WriteCounted(std::uint8_t code, std::uint64_t value, std::size_t count, char* out) {
  out[0] = static_cast<char>(code + count);
  std::memcpy(out + 1, &value, count);
  return 1 + count;
}

std::size_t WriteWholeRoot(const ListRoot& root, char* out) {
  out[0] = static_cast<char>(kWholeRoot);
  out[1] = static_cast<char>(root.side);
  const std::uint64_t stamp = root.stamp.value();
  std::memcpy(out + 2, &stamp, sizeof stamp);
  std::memcpy(out + 2 + sizeof stamp, &root.index, sizeof root.index);
  return 2 + sizeof stamp + sizeof root.index;
}

}  // namespace

std::size_t WriteListHop(const ListRoot& from, const ListRoot& to, char* out) {
  if (from == to) {
    out[0] = static_cast<char>(kSameRoot);
    return 1;
  }
  if (from.side != to.side) return WriteWholeRoot(to, out);
  const bool right = to.side == ListSide::kRight;
  const ListRoot& inner = right ? from : to;
  const ListRoot& outer = right ? to : from;
  if (inner.stamp == outer.stamp && inner.index + 1 == outer.index) {
    out[0] = static_cast<char>(kNextIndex);
    return 1;
  }
  // Elements are in order: the outer stamp is the greater one, unless only the index differs.
  const std::uint64_t distance = outer.stamp.value() - inner.stamp.value();
  if (to.index != 0 || distance == 0) return WriteWholeRoot(to, out);
  if (distance % Stamp::kTick == 0) {
    const std::uint64_t ticks = distance / Stamp::kTick;
    if (ticks <= kMostShortTicks) {
      out[0] = static_cast<char>(ticks);
      return 1;
    }
    return WriteCounted(kTicks, ticks, std::max<std::size_t>(BytesFor(ticks), 2), out);
  }
  const std::size_t count = std::max<std::size_t>(BytesFor(distance), 4);
  return count > 6 ? WriteWholeRoot(to, out) : WriteCounted(kDistance, distance, count, out);
}

std::size_t TakeListHop(const char* hop, ListRoot& root) {
  const std::uint8_t code = ByteAt(hop);
  const bool right = root.side == ListSide::kRight;
  if (code == kNextIndex) {
    root.index += right ? 1 : static_cast<std::uint32_t>(-1);
    return 1;
  }
  if (code == kSameRoot) return 1;
  if (code == kWholeRoot) {
    root.side = static_cast<ListSide>(hop[1]);
    root.stamp = Stamp::FromValue(LoadBytes(hop + 2, sizeof(std::uint64_t)));
    root.index =
        static_cast<std::uint32_t>(LoadBytes(hop + 2 + sizeof(std::uint64_t), sizeof root.index));
    return 2 + sizeof(std::uint64_t) + sizeof root.index;
  }
  std::uint64_t distance = code * Stamp::kTick;
  std::size_t size = 1;
  if (code > kDistance + 3) {
    size += static_cast<std::size_t>(code - kDistance);
    distance = LoadBytes(hop + 1, size - 1);
  } else if (code > kMostShortTicks) {
    size += static_cast<std::size_t>(code - kTicks);
    distance = LoadBytes(hop + 1, size - 1) * Stamp::kTick;
  }
  root.stamp =
      Stamp::FromValue(right ? root.stamp.value() + distance : root.stamp.value() - distance);
  root.index = 0;
  return size;
}

}  // namespace crdt
