#include "history.h"

#include <algorithm>
#include <cstdlib>

#include "crdt/prepare_hyperloglog.h"
#include "crdt/prepare_list.h"
#include "crdt/prepare_sorted_set.h"
#include "stream_draws.h"

namespace properties {
namespace {

using crdt::EffectList;
using crdt::KeyView;
using crdt::ValueType;
using crdt::VersionVector;

const std::vector<std::string> kKeys = {"x", "y"};
const std::vector<std::string> kElements = {"a", "b"};

std::string MergedBytes(const storage::Keyspace& keyspace) {
  std::string bytes;
  crdt::ByteWriter out(bytes);
  for (const std::string& key : kKeys) {
    out.Bytes(key);
    const KeyView view = keyspace.Find(key);
    if (view.cell() != nullptr) crdt::EncodeMergedCell(*view.cell(), out);
  }
  return bytes;
}

bool ShowsOnly(const Key& key, ValueType type) {
  return key.type() == ValueType::kNone || key.type() == type;
}

}  // namespace

History::History(const Settings& settings, std::uint64_t seed)
    : settings_(settings), random_(seed), random_of_pieces_(seed) {
  const Fault fault = settings.fault;
  lags_ = fault == Fault::kLaggingLeftOut || Roll(100) < 30;
  joins_ = lags_ || fault == Fault::kStaleSums || Roll(2) == 0;
  failovers_ = fault == Fault::kReusedWriter || Roll(100) < 60;
  gated_ = !failovers_ || Roll(2) == 0;
  for (int i = 0; i < kRegions; ++i) {
    regions_.emplace_back(static_cast<crdt::RegionId>(i + 1), fault);
  }
}

std::optional<std::string> History::Run() {
  for (; step_ < settings_.steps && !failure_; ++step_) Step();
  if (!failure_) CheckTheEnd();
  return failure_;
}

void History::Step() {
  const int region = static_cast<int>(Roll(kRegions));
  const int other = static_cast<int>((region + 1 + Roll(kRegions - 1)) % kRegions);
  const std::uint64_t roll = Roll(100);
  if (roll < 36) {
    WriteAt(region);
  } else if (roll < 66) {
    // One that lags gets no records any more: it comes back by a join.
    if (lags_ && region == kRegions - 1) return;
    auto stream = streams_.begin();
    if (streams_.empty()) return;
    std::advance(stream, Roll(streams_.size()));
    Deliver(region, stream->first);
  } else if (roll < 71) {
    if (!joins_) return;
    if (Roll(2) == 0) return regions_[region].TellSums();
    // What leaves a region is on its replica, where a replica may be promoted.
    if (failovers_ && gated_) regions_[other].CatchUp();
    regions_[region].Join(regions_[other]);
  } else if (roll < 79) {
    regions_[region].CatchUp();
  } else if (roll < 81) {
    if (failovers_) FailOver(region);
  } else if (roll < 92) {
    for (int from = 0; from < kRegions; ++from) {
      if (from != region) Hear(region, from);
    }
  } else {
    Collect(region);
  }
  // A start collects later than a node that runs, which would hide some faults.
  if (settings_.fault != Fault::kNone) return Check(region);
  if (random_of_pieces_() % 3 > 0) {
    regions_[region].MakePiece(kKeys[random_of_pieces_() % kKeys.size()]);
  } else {
    regions_[region].StartFromPieces();
  }
  Check(region);
}

void History::WriteAt(int region) {
  Operation operation;
  const std::optional<EffectList> effects = Draw(region, operation);
  if (!effects || effects->empty()) return;
  NoteBuried(region, operation);
  const auto record = regions_[region].Write(*effects, operation);
  streams_[record->first_stamp.writer()].push_back(record);
}

// What a delete wins over: the groups of streams and the HyperLogLogs that it takes from what is
// shown here.
void History::NoteBuried(int region, Operation& operation) {
  const bool of_stream = operation.kind == Kind::kStreamAdd || operation.kind == Kind::kGroupCreate;
  for (const std::string& key : kKeys) {
    const bool all =
        operation.kind == Kind::kFlush ||
        (operation.key == key && (operation.kind == Kind::kSet || operation.kind == Kind::kDelete));
    const bool hidden = operation.key == key && operation.ends_hidden;
    const Key& shown = Shown(region, key);
    if ((all || (hidden && !of_stream)) && shown.stream.shows()) operation.buried.insert(key);
    if ((all || (hidden && operation.kind != Kind::kHyperLogLogAdd)) && shown.hyperloglog.shows()) {
      operation.buried_hyperloglogs.insert(key);
    }
  }
}

// Nothing where the command would answer with an error or change nothing.
std::optional<EffectList> History::Draw(int region, Operation& operation) {
  operation.kind = settings_.kinds[Roll(settings_.kinds.size())];
  operation.key = kKeys[Roll(kKeys.size())];
  const Key& shown = Shown(region, operation.key);
  const KeyView view = regions_[region].keyspace().Find(operation.key);
  const bool exists = shown.type() != ValueType::kNone;
  operation.elements = {kElements[Roll(kElements.size())]};
  if (Roll(4) == 0) operation.elements = kElements;
  operation.creates = !exists;
  operation.ends_hidden = shown.clashes();
  static const std::vector<std::string> kWithFractions = {"100", "2.5", "abc", "-7"};
  static const std::vector<std::string> kIntegers = {"100", "abc", "9223372036854775800", "-7"};
  operation.value = (settings_.floats ? kWithFractions : kIntegers)[Roll(4)];
  const crdt::DeadlineMs deadline =
      std::array{crdt::DeadlineMs{5}, crdt::DeadlineMs{50}, crdt::kInfinite}[Roll(3)];
  const auto& elements = operation.kind == Kind::kSetRemove         ? shown.set
                         : operation.kind == Kind::kSortedSetRemove ? shown.sorted_set
                                                                    : shown.hash;
  std::vector<std::string_view> names(operation.elements.begin(), operation.elements.end());
  EffectList effects;
  switch (operation.kind) {
    case Kind::kSet: {
      operation.creates = operation.ends_hidden = false;
      const std::uint64_t ttl = Roll(4);
      operation.keeps_ttl = ttl == 0 && exists;
      operation.deadline = ttl == 1 ? deadline : crdt::kInfinite;
      crdt::SetOptions options{.ttl = ttl == 0   ? crdt::Ttl::kKeep
                                      : ttl == 1 ? crdt::Ttl::kDeadline
                                                 : crdt::Ttl::kInfinite,
                               .deadline = deadline};
      crdt::PrepareSet(view, operation.key, operation.value, options, effects);
      return effects;
    }
    case Kind::kDelete:
      operation.creates = operation.ends_hidden = false;
      crdt::PrepareDelete(view, operation.key, crdt::DeleteReason::kCommand, effects);
      return effects;
    case Kind::kExpire:
      operation.creates = operation.ends_hidden = false;
      operation.deadline = deadline;
      crdt::PrepareExpire(view, operation.key, deadline, effects);
      return effects;
    case Kind::kFlush:
      operation.key.clear();
      operation.creates = operation.ends_hidden = false;
      crdt::PrepareClear(regions_[region].keyspace().Tables(), effects);
      return effects;
    case Kind::kIncrement:
      if (!ShowsOnly(shown, ValueType::kString)) return std::nullopt;
      return DrawIncrement(region, shown.string, operation);
    case Kind::kHashIncrement: {
      if (!ShowsOnly(shown, ValueType::kHash)) return std::nullopt;
      operation.elements.resize(1);
      const auto field = shown.hash.find(operation.elements.front());
      return DrawIncrement(region, field == shown.hash.end() ? Value() : field->second, operation);
    }
    case Kind::kListPush:
    case Kind::kListInsert:
    case Kind::kListSet:
    case Kind::kListRemove:
    case Kind::kListTrim:
      return DrawOfList(region, shown, operation);
    case Kind::kSetAdd:
      if (!ShowsOnly(shown, ValueType::kSet)) return std::nullopt;
      operation.value.clear();
      crdt::PrepareSetAdd(view, operation.key, names, effects);
      return effects;
    case Kind::kHashSet: {
      if (!ShowsOnly(shown, ValueType::kHash)) return std::nullopt;
      std::vector<crdt::FieldValue> fields;
      for (const auto name : names) fields.emplace_back(name, operation.value);
      crdt::PrepareHashSet(view, operation.key, fields, crdt::Condition::kNone, effects);
      return effects;
    }
    case Kind::kSortedSetIncrement: {
      if (!ShowsOnly(shown, ValueType::kSortedSet)) return std::nullopt;
      operation.elements.resize(1);
      operation.amount = static_cast<int>(Roll(19)) - 9;
      crdt::PrepareSortedSetIncrement(view, operation.key, operation.elements.front(),
                                      regions_[region].writer(),
                                      static_cast<double>(operation.amount) / 4, effects);
      return effects;
    }
    case Kind::kSortedSetAdd: {
      if (!ShowsOnly(shown, ValueType::kSortedSet)) return std::nullopt;
      static const std::vector<std::string> kScores = {"100", "2.5", "-0.25", "-7"};
      operation.value = kScores[Roll(4)];
      std::vector<crdt::MemberScore> members;
      for (const auto name : names) {
        members.emplace_back(name, std::strtod(operation.value.c_str(), nullptr));
      }
      crdt::PrepareSortedSetAdd(view, operation.key, members, crdt::Condition::kNone, effects);
      return effects;
    }
    case Kind::kSetRemove:
    case Kind::kHashDelete:
    case Kind::kSortedSetRemove: {
      const bool of_set = operation.kind == Kind::kSetRemove;
      const bool scored = operation.kind == Kind::kSortedSetRemove;
      if (shown.type() != (of_set   ? ValueType::kSet
                           : scored ? ValueType::kSortedSet
                                    : ValueType::kHash)) {
        return std::nullopt;
      }
      std::erase_if(operation.elements, [&](const auto& name) { return !elements.contains(name); });
      operation.empties = operation.elements.size() == elements.size() && !shown.clashes();
      operation.creates = operation.ends_hidden = false;
      if (of_set) {
        crdt::PrepareSetRemove(view, operation.key, names, crdt::RemoveReason::kCommand, effects);
      } else if (scored) {
        crdt::PrepareSortedSetRemove(view, operation.key, names, crdt::RemoveReason::kCommand,
                                     effects);
      } else {
        crdt::PrepareHashDelete(view, operation.key, names, effects);
      }
      return effects;
    }
    case Kind::kHyperLogLogAdd:
      if (!ShowsOnly(shown, ValueType::kHyperLogLog)) return std::nullopt;
      return DrawHyperLogLog(view, operation);
    default:
      if (!ShowsOnly(shown, ValueType::kStream)) return std::nullopt;
      return DrawStream(
          view, regions_[region].writer(), [this](std::uint64_t sides) { return Roll(sides); },
          operation);
  }
  return std::nullopt;
}

std::optional<EffectList> History::DrawOfList(int region, const Key& shown, Operation& operation) {
  const KeyView view = regions_[region].keyspace().Find(operation.key);
  EffectList effects;
  if (operation.kind == Kind::kListPush) {
    if (!ShowsOnly(shown, ValueType::kList)) return std::nullopt;
    operation.node.on_right = Roll(2) == 0;
    const std::vector<std::string_view> values(operation.elements.begin(),
                                               operation.elements.end());
    crdt::PrepareListPush(view, operation.key,
                          operation.node.on_right ? crdt::ListSide::kRight : crdt::ListSide::kLeft,
                          values, effects);
    return effects;
  }
  if (shown.type() != ValueType::kList) return std::nullopt;
  const std::vector<ListElement>& list = shown.list;
  const auto id = [&list](std::uint64_t index) {
    return index < list.size() ? std::optional(list[index].id) : std::nullopt;
  };
  std::uint64_t index = Roll(list.size());
  const std::uint64_t count = 1 + Roll(list.size() - index);
  operation.creates = false;
  switch (operation.kind) {
    case Kind::kListInsert:
      index += Roll(2);
      operation.node = Between(shown.list_tree, id(index - 1), id(index));
      crdt::PrepareListInsert(view, operation.key, index, operation.value, effects);
      return effects;
    case Kind::kListSet:
      operation.places = {*id(index)};
      crdt::PrepareListSet(view, operation.key, index, operation.value, effects);
      return effects;
    case Kind::kListTrim: {
      const std::uint64_t kept = Roll(4) == 0 ? 0 : count;
      operation.ends_hidden = false;
      operation.empties = kept == 0 && !shown.clashes();
      if (kept > 0 && index > 0) operation.first = id(index);
      if (kept > 0 && index + kept < list.size()) operation.last = id(index + kept - 1);
      crdt::PrepareListTrim(view, operation.key, index, kept, effects);
      return effects;
    }
    default:
      break;
  }
  operation.ends_hidden = false;
  if (Roll(2) == 0) {
    // A pop from either end.
    index = Roll(2) == 0 ? 0 : list.size() - count;
    for (std::uint64_t i = index; i < index + count; ++i) operation.places.push_back(*id(i));
    crdt::PrepareListPop(view, operation.key, index, count, effects);
  } else {
    std::vector<crdt::ListPosition> positions;
    for (std::uint64_t i = 0; i < list.size(); ++i) {
      if (i != index && Roll(2) == 0) continue;
      operation.places.push_back(*id(i));
      positions.push_back(view.list().At(i).place().Copy());
    }
    crdt::PrepareListRemove(view, operation.key, positions, effects);
  }
  operation.empties = operation.places.size() == list.size() && !shown.clashes();
  return effects;
}

std::optional<EffectList> History::DrawIncrement(int region, const Value& value,
                                                 Operation& operation) {
  const std::string text = value.shows() ? value.Text() : "0";
  operation.is_float = settings_.floats && Roll(2) == 0;
  operation.amount = static_cast<int>(Roll(19)) - 9;
  if (!operation.is_float) operation.amount *= 4;
  const auto number = crdt::ParseInteger(text);
  std::int64_t after = 0;
  const auto step = static_cast<std::int64_t>(operation.amount / 4);
  if (operation.is_float ? !crdt::ParseFloat(text)
                         : !number || __builtin_add_overflow(*number, step, &after)) {
    return std::nullopt;
  }
  const KeyView view = regions_[region].keyspace().Find(operation.key);
  const crdt::Writer writer = regions_[region].writer();
  const crdt::Float128 fraction = static_cast<crdt::Float128>(operation.amount) / 4;
  EffectList effects;
  if (operation.kind == Kind::kHashIncrement) {
    const std::string& field = operation.elements.front();
    if (operation.is_float) {
      crdt::PrepareHashIncrementFloat(view, operation.key, field, writer, fraction, effects);
    } else {
      crdt::PrepareHashIncrement(view, operation.key, field, writer, step, effects);
    }
    return effects;
  }
  if (operation.is_float) {
    crdt::PrepareIncrementFloat(view, operation.key, writer, fraction, effects);
    return effects;
  }
  const crdt::StringValue* stored =
      view.cell() == nullptr || view.cell()->is_packed() ? nullptr : view.cell()->full().string();
  const crdt::CounterPart* part = stored == nullptr ? nullptr : stored->counters().Find(writer);
  if (settings_.fault == Fault::kContinuedLineage && part != nullptr && part->spent()) {
    crdt::Total total = part->total;
    total.integer += step;
    crdt::ByteWriter out =
        effects.Begin(crdt::EffectKind::kIncrement, view.exists() ? 0 : crdt::effect_flag::kCreates,
                      operation.key);
    out.PutStamp(part->start);
    total.Encode(out);
    operation.ends_hidden = false;
    return effects;
  }
  crdt::PrepareIncrement(view, operation.key, writer, step, effects);
  return effects;
}

EffectList History::DrawHyperLogLog(const KeyView& view, Operation& operation) {
  for (std::uint64_t left = Roll(3); left > 0; --left) {
    operation.registers.push_back({.index = static_cast<std::uint16_t>(Roll(3)),
                                   .rank = static_cast<std::uint8_t>(1 + Roll(4))});
  }
  EffectList effects;
  if (Roll(2) == 0) {
    crdt::PrepareHyperLogLogAdd(view, operation.key, operation.registers, effects);
  } else {
    crdt::HyperLogLogRegisters merged;
    for (const crdt::RegisterValue value : operation.registers) merged.Raise(value);
    crdt::PrepareHyperLogLogMerge(view, operation.key, merged, effects);
  }
  return effects;
}

bool History::Deliver(int region, crdt::Writer writer) {
  const auto& stream = streams_[writer];
  const VersionVector& floor = regions_[region].floor();
  // What it has already is passed over: the stream may repeat itself.
  const auto next = std::ranges::find_if(
      stream, [&](const auto& record) { return !floor.Covers(record->last_stamp); });
  if (next == stream.end()) return false;
  if (settings_.fault != Fault::kNoCausality && !floor.Covers((*next)->operation.context)) {
    return false;
  }
  if (failovers_ && gated_) {
    const auto author = static_cast<std::size_t>(writer.region() - 1);
    if (regions_[author].writer() == writer &&
        !regions_[author].durable().Covers((*next)->last_stamp)) {
      return false;
    }
  }
  regions_[region].Receive(*next);
  return true;
}

void History::FailOver(int region) {
  regions_[region].FailOver();
  // What nobody has any more has never happened.
  for (auto& [writer, stream] : streams_) {
    std::erase_if(stream, [&](const auto& record) {
      return std::ranges::none_of(
          regions_, [&](const Region& r) { return r.floor().Covers(record->last_stamp); });
    });
  }
  // The new primary begins to speak anew.
  for (auto& listener : said_) listener[region].applied = {};
}

void History::Hear(int region, int from) {
  Said& said = said_[region][from];
  said.applied.Merge(regions_[from].floor());
  said.durable.Merge(failovers_ ? regions_[from].durable() : regions_[from].floor());
}

void History::Collect(int region) {
  Region& here = regions_[region];
  VersionVector stable = failovers_ ? here.durable() : here.floor();
  if (settings_.fault == Fault::kEarlyCollection) return here.Collect(here.floor());
  if (!gated_) return;
  for (int other = 0; other < kRegions; ++other) {
    if (other == region) continue;
    if (settings_.fault == Fault::kLaggingLeftOut && other == kRegions - 1) continue;
    const Said& said = said_[region][other];
    if (!here.floor().Covers(said.applied)) return;
    stable = VersionVector::Minimum(stable, said.durable);
  }
  here.Collect(stable);
}

void History::Check(int region) {
  const Region& here = regions_[region];
  std::vector<const Operation*> operations;
  for (const auto& [writer, stream] : streams_) {
    for (const auto& record : stream) {
      if (here.floor().Covers(record->last_stamp)) operations.push_back(&record->operation);
    }
  }
  std::uint64_t visible = 0;
  std::uint64_t with_deadline = 0;
  for (const std::string& key : kKeys) {
    Key& expected = shown_[region][key] = Specify(key, operations);
    const std::string actual = Describe(here.keyspace().Find(key));
    if (actual != expected.Describe()) {
      return Fail(region, key + " is\n  " + actual + "\n  and should be\n  " + expected.Describe());
    }
    const bool shows = expected.type() != ValueType::kNone;
    visible += shows ? 1 : 0;
    with_deadline += shows && expected.deadline() ? 1 : 0;
  }
  if (here.keyspace().visible_keys() != visible) Fail(region, "the keys are counted wrongly");
  if (here.keyspace().keys_with_deadline() != with_deadline) {
    Fail(region, "the keys with a deadline are counted wrongly");
  }
}

void History::CheckTheEnd() {
  for (Region& region : regions_) region.CatchUp();
  for (bool moved = true; moved;) {
    moved = false;
    for (int region = 0; region < kRegions; ++region) {
      for (const auto& [writer, stream] : streams_) moved |= Deliver(region, writer);
    }
  }
  const std::string bytes = MergedBytes(regions_[0].keyspace());
  Region joined(kRegions + 1, Fault::kNone);
  for (int region = 0; region < kRegions && !failure_; ++region) {
    Check(region);
    if (MergedBytes(regions_[region].keyspace()) != bytes ||
        regions_[region].keyspace().Digest(0) != regions_[0].keyspace().Digest(0)) {
      Fail(region, "the end differs from the first region's");
    }
    joined.Join(regions_[region]);
  }
  if (!failure_ && MergedBytes(joined.keyspace()) != bytes) {
    Fail(0, "joining the states gives something else than applying the records");
  }
}

void History::Fail(int region, const std::string& what) {
  if (failure_) return;
  failure_ =
      "step " + std::to_string(step_) + ", region " + std::to_string(region + 1) + ": " + what;
}

std::uint64_t FirstSeed() {
  const char* const seed = std::getenv("MERIDIAN_SEED");
  return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}

std::optional<std::string> FirstFailure(const Settings& settings, int runs) {
  const std::uint64_t first = FirstSeed();
  for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(runs); ++seed) {
    if (auto failure = History(settings, seed).Run()) {
      return "MERIDIAN_SEED=" + std::to_string(seed) + ": " + *failure;
    }
  }
  return std::nullopt;
}

}  // namespace properties
