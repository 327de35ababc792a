// Requests out of a byte stream: arrays of bulk strings, and inline commands.
//
// Works in place: the arguments are views into the buffer. Remembers how far it has come, so that a
// request that arrives in pieces is not looked at again from its beginning. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace server {

struct RequestLimits {
  std::uint64_t most_bulk_bytes = std::uint64_t{512} << 20;
  bool authenticated = true;  // Else 10 arguments of 16 KB.
};

class RequestParser {
 public:
  enum class Outcome {
    kIncomplete,  // More bytes are needed.
    kRequest,     // arguments() holds a request.
    kNothing,     // Bytes were consumed that ask for nothing: an empty line or array.
    kError,       // error() holds what to answer; the connection has to be closed.
  };

  // Looks for a request at the beginning of `bytes`, which must be what the last call left
  // unconsumed, with more appended. The arguments are valid until `bytes` moves.
  Outcome Parse(std::string_view bytes, const RequestLimits& limits);
  // Forgets a request of which only a part was there: it will be looked at again from its
  // beginning.
  void Restart() { Done(0, Outcome::kNothing); }
  // Bytes of `bytes` that the last outcome other than kIncomplete used up.
  std::size_t consumed() const { return consumed_; }
  const std::vector<std::string_view>& arguments() const { return arguments_; }
  // "ERR Protocol error: …"
  const std::string& error() const { return error_; }
  // How many bytes the request needs at the least, as far as it is announced; 0: unknown. To be
  // used as a hint only: it was announced, not received.
  std::size_t announced() const { return announced_; }
  // The arguments are views into what was parsed; else they are valid until the next call.
  bool in_place() const { return in_place_; }
  // What remembering the present request takes, beside its bytes.
  std::size_t memory() const;

 private:
  struct Span {
    std::size_t at;
    std::size_t size;
  };
  // The number of a line such as "$16", and where the next line begins.
  enum class LineOutcome { kNumber, kNoNumber, kTooLong, kIncomplete };
  struct NumberLine {
    LineOutcome outcome;
    std::int64_t number = 0;
    std::size_t next = 0;
  };

  Outcome ParseArray(std::string_view bytes, const RequestLimits& limits);
  Outcome ParseInline(std::string_view bytes);
  NumberLine ReadNumberLine(std::string_view bytes);
  NumberLine ReadAnyLine(std::string_view bytes);
  Outcome Fail(std::string error);
  Outcome Done(std::size_t consumed, Outcome outcome);

  std::size_t position_ = 0;   // Of what is understood.
  std::size_t scanned_ = 0;    // No line ends between position_ and here.
  std::int64_t missing_ = -1;  // Arguments that are still to come; -1: the header is.
  std::int64_t bulk_size_ = -1;
  std::vector<Span> spans_;  // Of the arguments so far; offsets, because the buffer may move.
  std::vector<std::string_view> arguments_;
  std::string inline_words_;  // Unquoted words of an inline command.
  std::string error_;
  bool in_place_ = true;
  std::size_t consumed_ = 0;
  std::size_t announced_ = 0;
};

}  // namespace server
