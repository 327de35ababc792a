#include "crdt/stream_consumers.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace crdt {
namespace {

constexpr std::size_t kLeastConsumerBytes = 1 + 8 + 1 + 1;
constexpr std::size_t kLeastPendingBytes = 1 + 2 + 1 + 8 + 1 + 1;
// Bytes of a tree node for each element beyond the element itself, about.
constexpr std::size_t kTreeNodeBytes = 5 * sizeof(void*);

}  // namespace

// --- Questions -----------------------------------------------------------------------------------

const StreamConsumers::Consumer* StreamConsumers::Find(std::string_view name) const {
  const auto found = consumers_.find(name);
  return found == consumers_.end() ? nullptr : &found->second;
}

const StreamConsumers::Pending* StreamConsumers::FindPending(const AuthoredId& entry) const {
  const auto found = pending_.find(entry);
  return found == pending_.end() ? nullptr : &found->second;
}

const StreamId* StreamConsumers::FirstPendingOf(RegionId region) const {
  const auto first = pending_.lower_bound({region, StreamId::Least()});
  return first == pending_.end() || first->first.region != region ? nullptr : &first->first.id;
}

void StreamConsumers::ForEachPending(
    StreamId from, StreamId to,
    const std::function<bool(const AuthoredId&, const Pending&)>& visit) const {
  // One place for each author; the least ID of them comes next.
  std::vector<PendingMap::const_iterator> places;
  for (auto at = pending_.begin(); at != pending_.end();) {
    const RegionId region = at->first.region;
    const auto first = pending_.lower_bound({region, from});
    if (first != pending_.end() && first->first.region == region) places.push_back(first);
    at = pending_.upper_bound({region, StreamId::Greatest()});
  }
  while (!places.empty()) {
    const auto least =
        std::ranges::min_element(places, {}, [](const auto& place) { return place->first.id; });
    const auto& [entry, pending] = **least;
    if (entry.id > to || !visit(entry, pending)) return;
    if (++*least == pending_.end() || (*least)->first.region != entry.region) places.erase(least);
  }
}

std::size_t StreamConsumers::memory_bytes() const {
  std::size_t bytes = sizeof *this + pending_.size() * sizeof(PendingMap::value_type);
  for (const auto& [name, consumer] : consumers_) {
    bytes += kTreeNodeBytes + sizeof(Consumers::value_type) + name.size();
  }
  return bytes;
}

// --- Changes -------------------------------------------------------------------------------------

void StreamConsumers::Name(std::string_view name, Stamp stamp, std::int64_t time_ms, Touch touch) {
  auto found = consumers_.find(name);
  if (found == consumers_.end()) found = consumers_.emplace(std::string(name), Consumer()).first;
  Consumer& consumer = found->second;
  consumer.stamp = std::max(consumer.stamp, stamp);
  consumer.seen_ms = std::max(consumer.seen_ms, time_ms);
  if (touch == Touch::kActive) consumer.active_ms = std::max(consumer.active_ms, time_ms);
}

void StreamConsumers::Set(Consumers::value_type& consumer, const AuthoredId& entry,
                          const Pending& pending) {
  const auto [at, fresh] = pending_.try_emplace(entry);
  if (!fresh) {
    if (at->second.stamp > pending.stamp) return;
    --at->second.consumer->second.pending;
  }
  at->second = pending;
  at->second.consumer = &consumer;
  ++consumer.second.pending;
}

void StreamConsumers::Give(std::string_view name, const AuthoredId& entry, Stamp stamp,
                           std::int64_t time_ms, std::uint64_t deliveries) {
  Set(*consumers_.find(name), entry,
      {.stamp = stamp, .time_ms = time_ms, .deliveries = deliveries});
}

StreamConsumers::PendingMap::iterator StreamConsumers::Take(PendingMap::iterator at) {
  --at->second.consumer->second.pending;
  return pending_.erase(at);
}

void StreamConsumers::Acknowledge(const AuthoredId& entry, const Context& context) {
  const auto found = pending_.find(entry);
  if (found != pending_.end() && context.Covers(found->second.stamp)) Take(found);
}

void StreamConsumers::Remove(std::string_view name, const Context& context) {
  const auto found = consumers_.find(name);
  if (found == consumers_.end()) return;
  for (auto at = pending_.begin(); at != pending_.end() && found->second.pending > 0;) {
    const bool goes = at->second.consumer == &*found && context.Covers(at->second.stamp);
    at = goes ? Take(at) : std::next(at);
  }
  if (found->second.pending == 0 && context.Covers(found->second.stamp)) consumers_.erase(found);
}

void StreamConsumers::Join(const StreamConsumers& other, const VersionVector& mine,
                           const VersionVector& theirs) {
  for (const auto& [name, consumer] : other.consumers_) {
    if (!consumers_.contains(name) && mine.Covers(consumer.stamp)) continue;
    Name(name, consumer.stamp, consumer.seen_ms, Touch::kSeen);
    Consumer& here = consumers_.find(name)->second;
    here.active_ms = std::max(here.active_ms, consumer.active_ms);
  }
  for (auto at = pending_.begin(); at != pending_.end();) {
    const bool taken = !other.pending_.contains(at->first) && theirs.Covers(at->second.stamp);
    at = taken ? Take(at) : std::next(at);
  }
  for (const auto& [entry, pending] : other.pending_) {
    const auto here = pending_.find(entry);
    if (here == pending_.end() && mine.Covers(pending.stamp)) continue;
    const std::string& name = pending.consumer->first;
    Name(name, pending.stamp, pending.consumer->second.seen_ms, Touch::kSeen);
    Set(*consumers_.find(name), entry, pending);
  }
  std::erase_if(consumers_, [&](const auto& entry) {
    const auto& [name, consumer] = entry;
    return consumer.pending == 0 && !other.consumers_.contains(name) &&
           theirs.Covers(consumer.stamp);
  });
}

// --- Bytes ---------------------------------------------------------------------------------------

void StreamConsumers::Encode(ByteWriter& out) const {
  out.Varint(consumers_.size());
  std::map<const void*, std::uint64_t> numbers;
  for (const auto& consumer : consumers_) {
    numbers.emplace(&consumer, numbers.size());
    out.Bytes(consumer.first);
    out.PutStamp(consumer.second.stamp);
    out.Signed(consumer.second.seen_ms);
    out.Signed(consumer.second.active_ms);
  }
  out.Varint(pending_.size());
  for (const auto& [entry, pending] : pending_) {
    out.U8(entry.region);
    entry.id.Encode(out);
    out.Varint(numbers.at(pending.consumer));
    out.PutStamp(pending.stamp);
    out.Signed(pending.time_ms);
    out.Varint(pending.deliveries);
  }
}

Result<StreamConsumers> StreamConsumers::Decode(ByteReader& in) {
  StreamConsumers decoded;
  std::vector<Consumers::value_type*> numbered;
  const std::uint64_t consumers = in.Count(kLeastConsumerBytes);
  for (std::uint64_t i = 0; i < consumers && in.ok(); ++i) {
    const std::string_view name = in.Bytes();
    Consumer consumer{.stamp = in.GetStamp()};
    consumer.seen_ms = in.Signed();
    consumer.active_ms = in.Signed();
    if (!decoded.consumers_.empty() && decoded.consumers_.rbegin()->first >= name) in.Invalidate();
    numbered.push_back(&*decoded.consumers_.emplace(std::string(name), consumer).first);
  }
  const std::uint64_t pending_entries = in.Count(kLeastPendingBytes);
  for (std::uint64_t i = 0; i < pending_entries && in.ok(); ++i) {
    AuthoredId entry{.region = in.U8(), .id = StreamId::Decode(in)};
    const std::uint64_t number = in.Varint();
    Pending pending{.stamp = in.GetStamp()};
    pending.time_ms = in.Signed();
    pending.deliveries = in.Varint();
    if (!in.ok() || number >= numbered.size() || entry.region > kMaxRegion ||
        (!decoded.pending_.empty() && decoded.pending_.rbegin()->first >= entry)) {
      in.Invalidate();
      break;
    }
    decoded.Set(*numbered[number], entry, pending);
  }
  if (!in.ok()) return Fail(ErrorCode::kCorrupt, "the consumers of a group do not decode");
  return decoded;
}

}  // namespace crdt
