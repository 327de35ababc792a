// Frame payloads: what decodes is written back to the same meaning, and what a record does to keys
// is the same when it is done again.
#include <string>
#include <vector>

#include "crdt/effect.h"
#include "storage/key_location.h"
#include "storage/keyspace.h"
#include "storage/log/log_cursor.h"
#include "storage/log/record.h"
#include "targets.h"

namespace fuzz {
namespace {

constexpr std::uint64_t kMostEffects = 1000;

storage::LogVectors Reference() {
  storage::LogVectors reference;
  reference.PassRecord(crdt::Stamp::At(1'800'000'000'000, crdt::Writer(1, 1)));
  reference.PassRecord(crdt::Stamp::At(1'800'000'000'500, crdt::Writer(2, 1)));
  crdt::VersionVector joined;
  joined.Advance(crdt::Stamp::At(1'800'000'000'900, crdt::Writer(3, 1)));
  for (int partition = 0; partition < storage::kPartitions; partition += 2) {
    reference.PassVectorJump(static_cast<storage::PartitionId>(partition), joined);
  }
  return reference;
}

bool DecodeEffects(std::string_view bytes, std::vector<crdt::EffectView>& effects) {
  crdt::ByteReader in(bytes);
  while (!in.at_end() && effects.size() < kMostEffects) {
    auto effect = crdt::EffectView::Decode(in);
    if (!effect) return false;
    (void)effect->ToString();
    effects.push_back(*effect);
  }
  return in.at_end();
}

std::uint64_t DigestAfter(const storage::RecordView& record,
                          const std::vector<crdt::EffectView>& effects) {
  storage::Keyspace keyspace;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    keyspace.Apply(effects[i], record.first_stamp.Plus(i), record, nullptr);
  }
  keyspace.AdvanceFloor(record.first_stamp.Plus(effects.size() - 1));
  keyspace.Collect(keyspace.floor());
  return keyspace.Digest(0);
}

}  // namespace

void FuzzRecords(std::string_view bytes) {
  (void)storage::DecodeFragment(bytes);
  (void)storage::DecodeVectorJump(bytes);
  (void)storage::DecodeEpoch(bytes);
  (void)storage::DecodeVector(bytes);
  storage::LogVectors vectors;
  vectors.Pass(bytes);
  const auto record = storage::DecodeRecord(bytes, Reference());
  if (!record) return;
  std::string again;
  storage::EncodeRecord(*record, Reference(), again);
  const auto decoded = storage::DecodeRecord(again, Reference());
  crdt::Require(
      decoded && decoded->context == record->context && decoded->beyond == record->beyond &&
          decoded->last_stamp() == record->last_stamp() && decoded->effects == record->effects,
      "a record is written back as it was read");
  std::vector<crdt::EffectView> effects;
  if (!DecodeEffects(record->effects, effects) || effects.empty()) return;
  crdt::Require(DigestAfter(*record, effects) == DigestAfter(*record, effects),
                "what a record does is the same each time");
}

}  // namespace fuzz
