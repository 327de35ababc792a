// A shard whose records are texts: what was written, in which order, under which context.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "replication/replicated_shard.h"
#include "storage/keyspace.h"
#include "storage/log/log.h"

namespace replication {

class FakeShard : public ReplicatedShard {
 public:
  struct Text {
    std::string text;
    crdt::VersionVector context;
  };

  explicit FakeShard(storage::LogOptions options = {}, storage::Disk* disk = nullptr)
      : log_(std::move(options), disk) {}

  // A client's write.
  void Write(crdt::Stamp stamp, const std::string& text) {
    watches_.Note(storage::PartitionOf(KeyOf(stamp)), KeyOf(stamp), stamp);
    texts_[stamp] = {text, vectors_.floor};
    order_.push_back(text.substr(0, text.find('.')));
    log_.AppendRecord(stamp, 1, text);
    vectors_.PassRecord(stamp);
  }

  const std::map<crdt::Stamp, Text>& texts() const { return texts_; }
  // In the order in which they became visible here, without the dots that make texts long.
  const std::vector<std::string>& order() const { return order_; }
  const crdt::VersionVector& stable() const { return stable_; }

  // --- ReplicatedShard ---------------------------------------------------------------------------
  const crdt::VersionVector& floor() const override { return vectors_.floor; }
  crdt::VersionVector Observed(storage::PartitionId partition) const override {
    return vectors_.Observed(partition);
  }
  storage::Log& log() override { return log_; }

  crdt::Status ApplyRecord(const storage::RecordView& record) override {
    if (record.effects == "bad") {
      return crdt::Fail(crdt::ErrorCode::kCorrupt, "an effect that does not decode");
    }
    Show(record.last_stamp(), {std::string(record.effects), record.context});
    log_.AppendRecord(record);
    vectors_.PassRecord(record.last_stamp());
    return {};
  }
  void ApplyStable(const crdt::VersionVector& stable) override {
    std::string payload;
    storage::EncodeVector(storage::FrameKind::kStable, stable, payload);
    log_.Append(payload);
    stable_ = stable;
  }

  void ExportPartition(
      storage::PartitionId partition,
      const std::function<void(std::string_view, std::string_view)>& visit) const override {
    for (const auto& [stamp, text] : texts_) {
      if (storage::PartitionOf(KeyOf(stamp)) == partition) visit(KeyOf(stamp), text.text);
    }
  }
  std::uint64_t ScanDigests(
      storage::PartitionId partition, std::uint64_t cursor, std::uint64_t& budget, std::int64_t,
      const std::function<void(std::string_view, std::uint64_t)>& visit) const override {
    std::uint64_t at = 0;
    for (const auto& [stamp, text] : texts_) {
      if (storage::PartitionOf(KeyOf(stamp)) != partition || at++ < cursor) continue;
      visit(KeyOf(stamp), DigestOf(KeyOf(stamp), 0));
      if (--budget == 0) return at;
    }
    return 0;
  }
  std::uint64_t DigestOf(std::string_view key, std::int64_t) const override {
    const auto text = texts_.find(StampOf(key));
    return text == texts_.end() ? 0 : std::hash<std::string>()(text->second.text) | 1;
  }
  std::string ExportKey(std::string_view key) const override {
    const auto text = texts_.find(StampOf(key));
    return text == texts_.end() ? std::string() : text->second.text;
  }
  crdt::Status RepairKey(std::string_view key, std::string_view object) override {
    Spoil(key, object);
    return {};
  }
  // A text changes without a record; empty: it is gone.
  void Spoil(std::string_view key, std::string_view object) {
    if (object.empty()) {
      texts_.erase(StampOf(key));
    } else {
      texts_[StampOf(key)].text = object;
    }
  }
  static std::string KeyOf(crdt::Stamp stamp) { return std::to_string(stamp.value()); }
  // Of what is no key, one that nothing has.
  static crdt::Stamp StampOf(std::string_view key) {
    std::uint64_t value = 0;
    (void)std::from_chars(key.data(), key.data() + key.size(), value);
    return crdt::Stamp::FromValue(value);
  }
  void VisitNames(storage::PartitionId partition,
                  const std::function<void(std::string_view)>& visit) const override {
    ExportPartition(partition, [&](std::string_view key, std::string_view) { visit(key); });
  }
  std::shared_ptr<storage::PartitionWatch> Watch(storage::PartitionId partition,
                                                 std::size_t buckets) override {
    return watches_.Begin(partition, buckets);
  }
  crdt::Status JoinPartition(storage::PartitionId partition, const std::vector<ExportedKey>& keys,
                             const crdt::VersionVector& observed,
                             storage::UnnamedKeys unnamed) override {
    std::string payload;
    for (const auto& [key, text] : keys) {
      storage::EncodeFragment({partition, key, text}, payload);
      log_.Append(std::exchange(payload, {}));
      if (text.empty()) {
        texts_.erase(StampOf(key));
      } else {
        Show(StampOf(key), {text, observed});
      }
    }
    storage::EncodeVectorJump(
        {.partition = partition, .fragments = keys.size(), .vector = observed, .unnamed = unnamed},
        payload);
    log_.Append(payload);
    vectors_.PassVectorJump(partition, observed);
    return {};
  }
  void JumpFloor(const crdt::VersionVector& floor) override {
    std::string payload;
    storage::EncodeVector(storage::FrameKind::kFloorJump, floor, payload);
    log_.Append(payload);
    vectors_.PassFloorJump(floor);
  }

 private:
  void Show(crdt::Stamp stamp, Text text) {
    watches_.Note(storage::PartitionOf(KeyOf(stamp)), KeyOf(stamp), stamp);
    if (texts_.contains(stamp)) return;
    order_.push_back(text.text.substr(0, text.text.find('.')));
    texts_[stamp] = std::move(text);
  }

  storage::Log log_;
  std::map<crdt::Stamp, Text> texts_;
  std::vector<std::string> order_;
  storage::LogVectors vectors_;
  crdt::VersionVector stable_;
  storage::PartitionWatches watches_;
};

}  // namespace replication
