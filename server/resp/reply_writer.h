// Writes replies in RESP2 or RESP3 to the end of a buffer.
//
// What RESP2 does not have is written as Redis writes it there: a map as a flat array, a set as an
// array, a double as a bulk string, a boolean as 1 or 0, a null as $-1 or *-1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace server {

enum class Protocol : std::uint8_t { kResp2 = 2, kResp3 = 3 };

class ReplyWriter {
 public:
  // Appends to `out`, which must outlive the writer.
  ReplyWriter(std::string& out, Protocol protocol) : out_(&out), protocol_(protocol) {}

  Protocol protocol() const { return protocol_; }
  void set_protocol(Protocol protocol) { protocol_ = protocol; }
  std::string& buffer() { return *out_; }

  void Ok() { out_->append("+OK\r\n"); }
  void Simple(std::string_view text);
  // `text` begins with its code: "ERR …", "WRONGTYPE …". Line breaks inside become spaces.
  void Error(std::string_view text);
  void Integer(std::int64_t value);
  void Bulk(std::string_view bytes);
  void Null();                           // $-1 in RESP2, _ in RESP3.
  void NullArray();                      // *-1 in RESP2, _ in RESP3.
  void Double(double value);             // As Redis 7.2 prints it, see crdt/score.h.
  void DoubleAs(std::string_view text);  // A double in another text.
  void Boolean(bool value);
  void Verbatim(std::string_view format, std::string_view text);  // A bulk string in RESP2.
  // Headers: the elements follow. Map counts pairs.
  void Array(std::size_t size);
  void Map(std::size_t pairs);
  void Set(std::size_t size);
  void Push(std::size_t size);

 private:
  std::string* out_;
  Protocol protocol_;
};

}  // namespace server
