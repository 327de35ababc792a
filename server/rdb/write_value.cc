#include "server/rdb/write_value.h"

#include <bit>
#include <map>
#include <string_view>

#include "crdt/encoding.h"
#include "server/rdb/packed_elements.h"
#include "server/rdb/rdb_types.h"
#include "server/rdb/stream_listpack.h"

namespace server {
namespace {

using crdt::StreamId;

constexpr std::size_t kMostListpackEntries = 100;  // As Redis' default.
constexpr std::size_t kMostListpackBytes = 4096;

class ValueWriter {
 public:
  explicit ValueWriter(std::string& bytes) : out_(bytes) {}

  void operator()(const DumpedString& string) {
    Type(RdbType::kString);
    String(string.text);
  }
  void operator()(const DumpedList& list) { Strings(RdbType::kList, list.elements); }
  void operator()(const DumpedSet& set) { Strings(RdbType::kSet, set.members); }
  void operator()(const DumpedHash& hash) {
    Type(RdbType::kHash);
    Length(hash.fields.size());
    for (const auto& [name, value] : hash.fields) {
      String(name);
      String(value);
    }
  }
  void operator()(const DumpedSortedSet& set) {
    Type(RdbType::kSortedSet);
    Length(set.members.size());
    for (const auto& [member, score] : set.members) {
      String(member);
      out_.U64(std::bit_cast<std::uint64_t>(score));
    }
  }
  void operator()(const DumpedStream& stream) {
    Type(RdbType::kStream2);
    Listpacks(stream.entries);
    Length(stream.entries.size());
    Id(stream.last);
    Id(stream.entries.empty() ? StreamId() : stream.entries.front().id);
    Id(stream.deleted);
    Length(stream.added);
    Length(stream.groups.size());
    for (const DumpedStream::Group& group : stream.groups) Group(group);
  }

 private:
  void Type(RdbType type) { out_.U8(static_cast<std::uint8_t>(type)); }
  void BigEndian(std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
      out_.U8(static_cast<std::uint8_t>(value >> shift));
    }
  }
  void Length(std::uint64_t length) {
    if (length < 1 << 6) {
      out_.U8(static_cast<std::uint8_t>(length));
    } else if (length < 1 << 14) {
      BigEndian(length | 1 << 14, 2);
    } else if (length <= UINT32_MAX) {
      out_.U8(0x80);
      BigEndian(length, 4);
    } else {
      out_.U8(0x81);
      BigEndian(length, 8);
    }
  }
  void String(std::string_view text) {
    Length(text.size());
    out_.Raw(text.data(), text.size());
  }
  void Strings(RdbType type, const std::vector<std::string>& elements) {
    Type(type);
    Length(elements.size());
    for (const std::string& element : elements) String(element);
  }
  void Id(StreamId id) {
    Length(id.ms);
    Length(id.sequence);
  }
  void RawId(StreamId id) {
    BigEndian(id.ms, 8);
    BigEndian(id.sequence, 8);
  }

  void Listpacks(const std::vector<DumpedStream::Entry>& entries) {
    std::string listpacks;
    ValueWriter inner(listpacks);
    std::uint64_t count = 0;
    for (std::size_t begin = 0; begin < entries.size(); ++count) {
      const std::size_t end = EndOfListpack(entries, begin);
      inner.Length(2 * sizeof(std::uint64_t));
      inner.RawId(entries[begin].id);
      inner.String(ListpackOf(entries, begin, end));
      begin = end;
    }
    Length(count);
    out_.Raw(listpacks.data(), listpacks.size());
  }
  static std::size_t EndOfListpack(const std::vector<DumpedStream::Entry>& entries,
                                   std::size_t begin) {
    std::size_t bytes = 0;
    std::size_t end = begin;
    while (end < entries.size() && end - begin < kMostListpackEntries &&
           bytes < kMostListpackBytes) {
      for (const auto& [name, value] : entries[end].fields) bytes += name.size() + value.size();
      ++end;
    }
    return end;
  }
  // No names are shared: each entry tells its own.
  static std::string ListpackOf(const std::vector<DumpedStream::Entry>& entries, std::size_t begin,
                                std::size_t end) {
    const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
    ListpackWriter listpack;
    listpack.Add(number(end - begin));
    for (int i = 0; i < 3; ++i) listpack.Add(0);  // None deleted, no names, the end.
    const StreamId first = entries[begin].id;
    for (std::size_t i = begin; i < end; ++i) {
      const DumpedStream::Entry& entry = entries[i];
      listpack.Add(0);
      listpack.Add(number(entry.id.ms - first.ms));
      listpack.Add(number(entry.id.sequence - first.sequence));
      listpack.Add(number(entry.fields.size()));
      for (const auto& [name, value] : entry.fields) {
        listpack.Add(name);
        listpack.Add(value);
      }
      listpack.Add(number(4 + 2 * entry.fields.size()));
    }
    return listpack.Finish();
  }

  void Group(const DumpedStream::Group& group) {
    String(group.name);
    Id(group.last_delivered);
    Length(group.entries_read.value_or(stream_listpack::kUnknownEntriesRead));
    std::map<StreamId, const DumpedStream::Pending*> pending;
    for (const DumpedStream::Consumer& consumer : group.consumers) {
      for (const DumpedStream::Pending& entry : consumer.pending) pending[entry.id] = &entry;
    }
    Length(pending.size());
    for (const auto& [id, entry] : pending) {
      RawId(id);
      out_.U64(static_cast<std::uint64_t>(entry->time_ms));
      Length(entry->deliveries);
    }
    Length(group.consumers.size());
    for (const DumpedStream::Consumer& consumer : group.consumers) {
      String(consumer.name);
      out_.U64(static_cast<std::uint64_t>(consumer.seen_ms));
      Length(consumer.pending.size());
      for (const DumpedStream::Pending& entry : consumer.pending) RawId(entry.id);
    }
  }

  crdt::ByteWriter out_;
};

}  // namespace

std::string WriteValue(const DumpedValue& value) {
  std::string bytes;
  std::visit(ValueWriter(bytes), value);
  return bytes;
}

}  // namespace server
