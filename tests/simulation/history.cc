#include "tests/simulation/history.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "storage/key_location.h"
#include "tests/simulation/story.h"

namespace simulation {

using crdt::Stamp;
using crdt::VersionVector;
using storage::FrameKind;
using storage::RecordView;

namespace {

std::string Name(Stamp stamp) {
  return std::to_string(stamp.region()) + "." + std::to_string(stamp.writer().epoch_slot()) + ":" +
         std::to_string(stamp.value());
}

}  // namespace

bool History::HasWhatWasForgotten(const storage::Log& log) const {
  bool has = false;
  storage::LogCursor cursor = log.begin();
  const auto read = log.Read(cursor, log.end(), log.end(), [&](const storage::FrameView& frame) {
    if (frame.kind() != FrameKind::kRecord) return true;
    const auto record = storage::DecodeRecord(frame.payload, frame.before);
    has = record && led_again_.contains(record->first_stamp.writer()) &&
          !records_.contains(record->first_stamp);
    return !has;
  });
  return read && has;
}

void History::OnRecovered(NodeNumber node, const storage::Log& log) {
  NodeHistory& history = nodes_[node];
  const VersionVector synced = std::exchange(history.synced, {});
  history.cursor = {};
  history.unsynced.clear();
  Observe(node, log);
  if (log.on_disk() && !history.cursor.floor().Covers(synced)) {
    throw Violation(names_[node] + " came back with " + history.cursor.floor().ToString() +
                    ", having synced " + synced.ToString());
  }
  // Recovery makes durable what only the kernel had.
  OnSynced(node, log.durable());
}

void History::OnProcessEnded(NodeNumber node) {
  for (const auto& [position, first] : std::exchange(nodes_[node].unwritten, {})) {
    const auto known = records_.find(first);
    if (known == records_.end()) continue;  // Of a region that was removed.
    next_.erase({first.writer(), known->second.context.Get(first.writer())});
    records_.erase(known);
  }
}

void History::OnRemoved(crdt::RegionId region) {
  lost_for_good_ = true;
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    if (regions_[node] == region) nodes_[node].removed = true;
  }
}

void History::OnDiskLost(NodeNumber node) {
  lost_for_good_ = true;
  nodes_[node].synced = {};
  nodes_[node].cursor = {};
}

void History::OnMemoryLost(NodeNumber node) {
  lost_for_good_ = true;
  nodes_[node].cursor = {};
  nodes_[node].unsynced.clear();
  for (const NodeHistory& history : nodes_) {
    if (history.cursor.vectors() != storage::LogVectors{}) return;
  }
  records_.clear();
  next_.clear();
  gaps_.clear();
  for (NodeHistory& history : nodes_) history = {};
}

void History::Observe(NodeNumber node, const storage::Log& log) {
  NodeHistory& history = nodes_[node];
  if (log.begin().position() > history.cursor.position()) {
    history.cursor = log.begin();  // It has let go of what was before.
  }
  if (history.cursor.position() < log.end()) {
    const auto read = log.Read(history.cursor, log.end(), log.end(), [&](const auto& frame) {
      Look(node, frame);
      return true;
    });
    if (!read) throw Violation(names_[node] + " cannot read its log: " + read.error().detail);
  }
  history.ever.Merge(history.cursor.floor());
  while (!history.unwritten.empty() &&
         (!log.on_disk() || history.unwritten.front().first <= log.written())) {
    history.unwritten.pop_front();
  }
}

void History::Look(NodeNumber node, const storage::FrameView& frame) {
  nodes_[node].longest_frame = std::max<std::uint64_t>(
      nodes_[node].longest_frame, frame.payload.size() + storage::kFrameHeaderBytes);
  if (frame.kind() == FrameKind::kRecord) {
    const auto record = storage::DecodeRecord(frame.payload, frame.before);
    if (!record) throw Violation(names_[node] + " logged a record that does not decode");
    if (LookAtRecord(node, *record, frame.before)) {
      nodes_[node].unwritten.emplace_back(frame.end, record->first_stamp);
    }
    nodes_[node].unsynced.emplace_back(frame.end, record->last_stamp());
  } else if (frame.kind() == FrameKind::kFloorJump) {
    LookAtJump(node, frame);
  }
}

void History::LookAtJump(NodeNumber node, const storage::FrameView& frame) {
  const auto floor = storage::DecodeVector(frame.payload);
  if (!floor) throw Violation(names_[node] + " logged a jump that does not decode");
  for (const Stamp stamp : floor->entries()) nodes_[node].unsynced.emplace_back(frame.end, stamp);
  const storage::LogVectors& before = frame.before;
  for (storage::PartitionId partition = 0; partition < storage::kPartitions; ++partition) {
    VersionVector applied = before.Observed(partition);
    if (applied.Covers(*floor)) continue;
    for (const auto& [first, record] : records_) {
      if (!floor->Covers(first) || applied.Covers(first) || WasLost(partition, first)) continue;
      for (std::size_t other = 0; other < nodes_.size(); ++other) {
        const NodeHistory& has = nodes_[other];
        if (has.removed || !has.cursor.floor().Covers(first)) continue;
        throw Violation(names_[node] + " jumps over " + Name(first) + ", which partition " +
                        std::to_string(partition) + " has not got and " + names_[other] + " has");
      }
    }
    gaps_[partition].push_back({std::move(applied), *floor});
  }
}

bool History::WasLost(storage::PartitionId partition, Stamp stamp) const {
  const auto gaps = gaps_.find(partition);
  return gaps != gaps_.end() && std::ranges::any_of(gaps->second, [stamp](const Gap& gap) {
           return gap.claimed.Covers(stamp) && !gap.applied.Covers(stamp);
         });
}

// True where all that was known of the writer, besides this record, is nowhere any more.
bool History::ForgetWhatNobodyHas(crdt::Writer writer, Stamp but) {
  bool all = true;
  for (auto known = records_.begin(); known != records_.end();) {
    const Stamp first = known->first;
    const bool is_had = std::ranges::any_of(nodes_, [first](const NodeHistory& node) {
      return !node.removed && node.cursor.floor().Covers(first);
    });
    if (first.writer() != writer || first == but || is_had) {
      all = all && (first.writer() != writer || first == but);
      ++known;
      continue;
    }
    next_.erase({writer, known->second.context.Get(writer)});
    known = records_.erase(known);
  }
  return all;
}

bool History::LookAtRecord(NodeNumber node, const RecordView& record,
                           const storage::LogVectors& before) {
  const Stamp first = record.first_stamp;
  const VersionVector& floor = before.floor;
  if (floor.Covers(first)) {
    throw Violation(names_[node] + " applied " + Name(first) + " twice");
  }
  if (!floor.Covers(record.context)) {
    throw Violation(names_[node] + " applied " + Name(first) + " before its context (" +
                    record.context.ToString() + "), having " + floor.ToString());
  }
  VersionVector all_seen = record.context;
  for (const auto& [partition, vector] : record.beyond) {
    all_seen.Merge(vector);
    if (before.Observed(partition).Covers(vector)) continue;
    throw Violation(names_[node] + " applied " + Name(first) +
                    " before what its author had seen of partition " + std::to_string(partition) +
                    " (" + vector.ToString() + "), having " +
                    before.Observed(partition).ToString());
  }
  for (const Stamp seen : all_seen.entries()) {
    if (seen >= first) {
      throw Violation(Name(first) + " is stamped earlier than " + Name(seen) +
                      ", which its author had seen");
    }
  }
  const auto [known, is_new] = records_.try_emplace(first);
  if (is_new) {
    known->second = {.effect_count = record.effect_count,
                     .context = record.context,
                     .beyond = record.beyond,
                     .effects = std::string(record.effects)};
    const Stamp before = record.context.Get(first.writer());
    auto [next, only] = next_.try_emplace({first.writer(), before}, first);
    if (!only && lost_for_good_ && ForgetWhatNobodyHas(first.writer(), first)) {
      led_again_.insert(first.writer());
      std::tie(next, only) = next_.try_emplace({first.writer(), before}, first);
    }
    if (!only) {
      throw Violation(names_[node] + ": " + Name(first) + " and " + Name(next->second) +
                      " were both written behind " + Name(before) + ": an identity was used twice");
    }
  } else if (known->second.effects != record.effects ||
             known->second.effect_count != record.effect_count) {
    throw Violation(names_[node] + " has other effects under " + Name(first) + " than others have");
  } else if (known->second.context != record.context) {
    throw Violation(names_[node] + " has another context of " + Name(first) + " (" +
                    record.context.ToString() + ") than others have (" +
                    known->second.context.ToString() + ")");
  } else if (known->second.beyond != record.beyond) {
    throw Violation(names_[node] + " has " + Name(first) +
                    " with other vectors of its partitions than others have");
  }
  return is_new;
}

void History::OnSynced(NodeNumber node, storage::LogPosition position) {
  NodeHistory& history = nodes_[node];
  while (!history.unsynced.empty() && history.unsynced.front().first <= position) {
    history.synced.Advance(history.unsynced.front().second);
    history.ever_synced.Advance(history.unsynced.front().second);
    history.unsynced.pop_front();
  }
}

}  // namespace simulation
