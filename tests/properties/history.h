// Random histories of three regions that run the production code and are held against the
// specification after every step.
//
// Writes go Prepare → record → Apply, as in a node. Records come in any order that causality
// allows; whole states are joined; primaries are lost and replaced from a prefix of their log by a
// new writer; spent counter parts are collected when they are stable; regions start from pieces of
// a key that were made while all that went on.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "crdt/hybrid_clock.h"
#include "specification.h"
#include "storage/keyspace.h"

namespace properties {

// What a harness may do wrong on purpose; each must be found.
enum class Fault {
  kNone,
  kDroppedSibling,    // The loser of two assignments is dropped at once.
  kEarlyCollection,   // Spent parts are dropped before their reset is stable.
  kContinuedLineage,  // A writer goes on with a lineage that was reset.
  kNoCausality,       // Records are applied before what they depend on.
  kReusedWriter,      // A new primary writes under the lost one's identity.
  kLaggingLeftOut,    // A region marked lagging does not count for stability.
  kStaleSums,         // A join leaves out what was equal when it was told, whatever came since.
};

struct Settings {
  std::vector<Kind> kinds;  // Drawn from evenly; a kind may stand there twice.
  bool floats = false;      // Else bases near the 64-bit bound are drawn, and no fractions.
  Fault fault = Fault::kNone;
  int steps = 60;
};

struct Record {
  crdt::Stamp first_stamp;
  crdt::Stamp last_stamp;
  std::string effects;
  Operation operation;
};

class Region {
 public:
  Region(crdt::RegionId id, Fault fault);

  // The shards' own write: applied at once, and for the others to fetch.
  std::shared_ptr<const Record> Write(const crdt::EffectList& effects, Operation operation);
  void Receive(std::shared_ptr<const Record> record);
  // Without what told sums say is equal there, where nothing that the other one has seen has
  // changed that since.
  void Join(const Region& other);
  // For a join that comes later.
  void TellSums();
  void Collect(const crdt::VersionVector& stable);
  // The local replica has everything now.
  void CatchUp() { durable_entries_ = log_.size(), durable_ = floor(); }
  // The primary is lost, its replica goes on under a new writer.
  void FailOver();
  // One more piece of the key whose pieces are being made; of this one where there is none.
  void MakePiece(const std::string& key);
  // Where all pieces of a key are made: as a node starts, with that key from its pieces, the others
  // as they were when the first piece was made, and the log from there on.
  void StartFromPieces();

  const storage::Keyspace& keyspace() const { return *keyspace_; }
  const crdt::VersionVector& floor() const { return keyspace_->floor(); }
  const crdt::VersionVector& durable() const { return durable_; }
  crdt::Writer writer() const { return {id_, epoch_}; }

 private:
  struct Entry {
    std::shared_ptr<const Record> record;
    bool local = false;
    struct Joined {
      std::map<std::string, std::string> keys;  // And their objects; none: absent there.
      storage::UnnamedKeys unnamed = storage::UnnamedKeys::kAbsent;
    };
    std::map<storage::PartitionId, Joined> joined;
    crdt::VersionVector vector;  // Of a join or a collection.
    bool collects = false;
  };

  struct Pieces {
    std::string key;
    std::size_t begin = 0;  // Entries of the log that the first piece has.
    crdt::PieceCursor cursor;
    std::vector<std::string> made;
    bool all = false;
  };

  struct Told {
    std::vector<std::uint64_t> sums;
    std::shared_ptr<storage::PartitionWatch> watch;
  };

  void LeaveOutEqual(storage::PartitionId partition, const Told& told, Entry& entry);
  void Append(Entry entry);
  void Play(const Entry& entry);
  void DropLosers(const std::string& key);

  crdt::RegionId id_;
  Fault fault_;
  crdt::Epoch epoch_ = 1;
  crdt::HybridClock clock_;
  std::unique_ptr<storage::Keyspace> keyspace_ = std::make_unique<storage::Keyspace>();
  std::map<storage::PartitionId, Told> told_;
  std::vector<Entry> log_;
  std::optional<Pieces> pieces_;
  std::size_t durable_entries_ = 0;
  crdt::VersionVector durable_;
};

class History {
 public:
  static constexpr int kRegions = 3;

  History(const Settings& settings, std::uint64_t seed);
  // A sentence about the first difference from the specification; nothing where all is well.
  std::optional<std::string> Run();

 private:
  void Step();
  void WriteAt(int region);
  void NoteBuried(int region, Operation& operation);
  std::optional<crdt::EffectList> Draw(int region, Operation& operation);
  std::optional<crdt::EffectList> DrawOfList(int region, const Key& shown, Operation& operation);
  std::optional<crdt::EffectList> DrawIncrement(int region, const Value& value,
                                                Operation& operation);
  crdt::EffectList DrawHyperLogLog(const crdt::KeyView& view, Operation& operation);
  bool Deliver(int region, crdt::Writer writer);
  void FailOver(int region);
  void Hear(int region, int from);
  void Collect(int region);
  void Check(int region);
  void CheckTheEnd();
  void Fail(int region, const std::string& what);

  std::uint64_t Roll(std::uint64_t sides) { return random_() % sides; }
  const Key& Shown(int region, const std::string& key) { return shown_[region][key]; }

  Settings settings_;
  std::mt19937_64 random_;
  std::mt19937_64 random_of_pieces_;  // So that these change nothing of what is written.
  bool joins_, failovers_, gated_, lags_;
  std::vector<Region> regions_;
  std::map<crdt::Writer, std::vector<std::shared_ptr<const Record>>> streams_;
  struct Said {
    crdt::VersionVector applied;
    crdt::VersionVector durable;
  };
  std::array<std::array<Said, kRegions>, kRegions> said_;  // By listener and speaker.
  std::array<std::map<std::string, Key>, kRegions> shown_;
  std::optional<std::string> failure_;
  int step_ = 0;
};

// MERIDIAN_SEED, else 1: the first seed of every run of histories.
std::uint64_t FirstSeed();
// Runs `runs` histories; the sentence of the first that fails, with its seed.
std::optional<std::string> FirstFailure(const Settings& settings, int runs);

}  // namespace properties
