#include "server/commands/command_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "crdt/result.h"
#include "server/commands/command_families.h"
#include "server/commands/letter_case.h"

namespace server {
namespace {

std::uint64_t LoadEight(const char* bytes) {
  std::uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

std::uint64_t LoadFour(const char* bytes) {
  std::uint32_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

// The first and the last eight bytes of a name, which overlap where it is shorter than sixteen. Of
// two names of equal length up to sixteen, the words are equal exactly when the names are.
struct NameWords {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  explicit NameWords(std::string_view name) {
    const char* bytes = name.data();
    const std::size_t size = name.size();
    if (size >= 8) {
      first = LoadEight(bytes);
      last = LoadEight(bytes + size - 8);
    } else if (size >= 4) {
      first = LoadFour(bytes) | LoadFour(bytes + size - 4) << 32;
    } else {
      const auto at = [bytes](std::size_t i) {
        return std::uint64_t{static_cast<unsigned char>(bytes[i])};
      };
      first = at(0) | at(size / 2) << 8 | at(size - 1) << 16;
    }
  }
};

// The bit that tells upper from lower case, in every byte of `word` that is a lower-case letter.
std::uint64_t CaseBits(std::uint64_t word) {
  std::uint64_t bits = 0;
  for (int shift = 0; shift < 64; shift += 8) {
    const auto byte = static_cast<unsigned char>(word >> shift);
    if (byte >= 'a' && byte <= 'z') bits |= std::uint64_t{0x20} << shift;
  }
  return bits;
}

constexpr std::array kFamilies = {
    BitfieldCommands,
    BitmapCommands,
    ClientCommands,
    CommandCommands,
    ConfigCommands,
    ConflictCommands,
    ConnectionCommands,
    CounterCommands,
    CrdtCommands,
    DumpCommands,
    ExpiryCommands,
    FailoverCommands,
    GeoCommands,
    HashCommands,
    HyperLogLogCommands,
    InfoCommands,
    KeyCommands,
    LatencyCommands,
    LcsCommands,
    ListBlockingCommands,
    ListCommands,
    MemoryCommands,
    ObjectCommands,
    PersistenceCommands,
    RegionCommands,
    ServerCommands,
    SetCommands,
    SlowlogCommands,
    SnapshotCommands,
    SortCommands,
    SortedSetCombinationCommands,
    SortedSetCommands,
    SortedSetPopCommands,
    SortedSetRangeCommands,
    StreamCommands,
    StreamGroupCommands,
    StreamInformationCommands,
    StreamPendingCommands,
    StreamReadingCommands,
    StringCommands,
    TransactionCommands,
    WaitCommands,
};

class CommandTable {
 public:
  CommandTable() {
    for (const auto family : kFamilies) {
      for (const CommandSpec& spec : family()) by_name_.push_back(&spec);
    }
    std::ranges::sort(by_name_, {}, &CommandSpec::name);
    crdt::Require(by_name_.size() * 2 <= kSlots, "the command table's slots are at most half full");
    for (const CommandSpec* spec : by_name_) Insert(spec);
  }

  const CommandSpec* Find(std::string_view name) const {
    if (name.empty() || name.size() > kLongestName) return nullptr;
    const NameWords words(name);
    for (std::size_t slot = SlotOf(words, name.size());; slot = (slot + 1) % kSlots) {
      const Entry& entry = slots_[slot];
      if (entry.spec == nullptr) return nullptr;
      if (((words.first ^ entry.first) & ~entry.first_case) == 0 &&
          ((words.last ^ entry.last) & ~entry.last_case) == 0 && entry.size == name.size() &&
          (name.size() <= kTwoWords || EqualsIgnoreCase(name, entry.spec->name))) {
        return entry.spec;
      }
    }
  }

  std::span<const CommandSpec* const> by_name() const { return by_name_; }

 private:
  static constexpr std::size_t kSlots = 1024;
  static constexpr std::size_t kTwoWords = 16;  // What two words can tell apart.
  static constexpr std::size_t kLongestName = 24;

  struct Entry {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t first_case = 0;
    std::uint64_t last_case = 0;
    std::size_t size = 0;
    const CommandSpec* spec = nullptr;
  };

  static std::size_t SlotOf(const NameWords& words, std::size_t size) {
    constexpr std::uint64_t kLowerCase = 0x2020202020202020;
    constexpr std::uint64_t kMultiplier = 0x9e3779b97f4a7c15;
    const std::uint64_t mixed =
        (words.first | kLowerCase) ^ std::rotl(words.last | kLowerCase, 23) ^ size;
    return mixed * kMultiplier >> (64 - std::countr_zero(kSlots));
  }

  void Insert(const CommandSpec* spec) {
    crdt::Require(!spec->name.empty() && spec->name.size() <= kLongestName,
                  "a command's name has 1 to 24 letters");
    crdt::Require(Find(spec->name) == nullptr, "a command is declared once");
    const NameWords words(spec->name);
    std::size_t slot = SlotOf(words, spec->name.size());
    while (slots_[slot].spec != nullptr) slot = (slot + 1) % kSlots;
    slots_[slot] = {words.first,          words.last,        CaseBits(words.first),
                    CaseBits(words.last), spec->name.size(), spec};
  }

  std::array<Entry, kSlots> slots_;
  std::vector<const CommandSpec*> by_name_;
};

const CommandTable& Table() {
  static const CommandTable table;
  return table;
}

}  // namespace

const CommandSpec* FindCommand(std::string_view name) {
  return Table().Find(name);
}

const CommandSpec* FindSubcommand(const CommandSpec& command, std::string_view name) {
  for (const CommandSpec& subcommand : command.subcommands) {
    // Declared by its full name, "client|kill".
    const std::string_view last_word = subcommand.name.substr(command.name.size() + 1);
    if (EqualsIgnoreCase(last_word, name)) return &subcommand;
  }
  return nullptr;
}

const CommandSpec* FindCommandByFullName(std::string_view name) {
  const std::size_t bar = name.find('|');
  const CommandSpec* command = FindCommand(name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  return FindSubcommand(*command, name.substr(bar + 1));
}

std::span<const CommandSpec* const> AllCommands() {
  return Table().by_name();
}

}  // namespace server
