// The payloads of log frames: what stands in the log, and, with another envelope, what travels.
//
//   kind u8 · body
//
// A record (one command, or one EXEC) is one frame under one checksum (fine print 2). Its effects
// are the same bytes everywhere; the envelope differs: where the author's context is just what
// stands before it (its own log's prefix), it is not written down (fine print 4). docs/formats.md,
// "Frames".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crdt/effect.h"
#include "crdt/result.h"
#include "crdt/stamp.h"
#include "crdt/version_vector.h"
#include "storage/log/log_vectors.h"
#include "storage/partition.h"

namespace storage {

// Numbers go to disk and to peers: given once.
enum class FrameKind : std::uint8_t {
  kRecord = 1,    // flags, first stamp, count, [context], [beyond], effects.
  kFragment = 2,  // partition, key, object: part of a join, staged until its jump.
  kVectorJump =
      3,        // partition, count, vector, [1]: so many fragments become visible (fine print 6).
  kEpoch = 4,   // epoch: taken; written before its first record.
  kStable = 5,  // vector: durable in every region from here on.
  kFloorJump = 6,  // vector: every partition was joined up to it.
};

inline FrameKind KindOf(std::string_view payload) {
  return payload.empty() ? FrameKind{} : static_cast<FrameKind>(payload.front());
}

struct RecordView {
  crdt::Stamp first_stamp;
  std::uint64_t effect_count = 0;
  // What the author had seen, and, written amid a join, what it had seen more of single partitions
  // that the effects touch. Equal to what stands before the record where `implied`.
  crdt::VersionVector context;
  PartitionVectors beyond;
  bool implied = false;
  std::string_view effects;  // Concatenated; a view into the payload.

  crdt::Stamp last_stamp() const { return first_stamp.Plus(effect_count - 1); }
  // What the author had seen of a partition.
  crdt::VersionVector ContextIn(PartitionId partition) const;
};

// `reference` is what the context is coded against: the log's vectors before the frame, or a
// stream's running ones.
crdt::Result<RecordView> DecodeRecord(std::string_view payload, const LogVectors& reference);
// Appends the whole payload, kind included.
void EncodeRecord(const RecordView& record, const LogVectors& reference, std::string& out);
// The author had seen just that, of all that the effects touch.
bool HasSeenJust(const RecordView& record, const LogVectors& vectors);
// The same for a local record, whose context is the log's prefix.
void EncodeLocalRecord(crdt::Stamp first_stamp, std::uint64_t effect_count,
                       std::string_view effects, std::string& out);

// All effects of a record, or an error: a record is all or nothing. Views into the record.
crdt::Result<std::vector<crdt::EffectView>> DecodeEffects(const RecordView& record);

struct FragmentView {
  PartitionId partition = 0;
  std::string_view key;
  std::string_view object;
};
void EncodeFragment(const FragmentView& fragment, std::string& out);
crdt::Result<FragmentView> DecodeFragment(std::string_view payload);

// Of a partition that is joined: the keys that no fragment names.
enum class UnnamedKeys : std::uint8_t {
  kAbsent = 0,  // The other side has none of them.
  kEqual = 1,   // The other side has them as they are here, but for what it has not seen.
};

struct VectorJump {
  PartitionId partition = 0;
  // How many fragments belong to it, those just before it. Others are of a join that a crash ended.
  std::uint64_t fragments = 0;
  crdt::VersionVector vector;
  UnnamedKeys unnamed = UnnamedKeys::kAbsent;
};
void EncodeVectorJump(const VectorJump& jump, std::string& out);
crdt::Result<VectorJump> DecodeVectorJump(std::string_view payload);

void EncodeEpoch(crdt::Epoch epoch, std::string& out);
crdt::Result<crdt::Epoch> DecodeEpoch(std::string_view payload);
// kStable and kFloorJump.
void EncodeVector(FrameKind kind, const crdt::VersionVector& vector, std::string& out);
crdt::Result<crdt::VersionVector> DecodeVector(std::string_view payload);

// The last stamp of a record's payload, without decoding the rest; empty where it does not decode.
std::optional<crdt::Stamp> LastStampOf(std::string_view payload);

}  // namespace storage
