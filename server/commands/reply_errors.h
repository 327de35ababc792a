// Error texts that more than one command answers, as Redis words them: the one place for them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace server {

inline constexpr std::string_view kErrorWrongType =
    "WRONGTYPE Operation against a key holding the wrong kind of value";
inline constexpr std::string_view kErrorSyntax = "ERR syntax error";
inline constexpr std::string_view kErrorNotAnInteger =
    "ERR value is not an integer or out of range";
inline constexpr std::string_view kErrorNotAFloat = "ERR value is not a valid float";
inline constexpr std::string_view kErrorNoScoreRange = "ERR min or max is not a float";
inline constexpr std::string_view kErrorNoTextRange = "ERR min or max not valid string range item";
inline constexpr std::string_view kErrorOutOfRange = "ERR index out of range";
inline constexpr std::string_view kErrorNoSuchKey = "ERR no such key";
inline constexpr std::string_view kErrorOverflow = "ERR increment or decrement would overflow";
inline constexpr std::string_view kErrorNotFinite = "ERR increment would produce NaN or Infinity";
inline constexpr std::string_view kErrorTooLong =
    "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
inline constexpr std::string_view kErrorNoAuth = "NOAUTH Authentication required.";

// A word of the client's inside of an error, as Redis tells it: as C text, which ends at a zero
// byte.
inline std::string_view Told(std::string_view word, std::size_t most = std::string_view::npos) {
  return word.substr(0, std::min(most, word.find('\0')));
}

inline std::string WrongNumberOfArguments(std::string_view command) {
  return "ERR wrong number of arguments for '" + std::string(command) + "' command";
}

inline std::string InvalidExpireTime(std::string_view command) {
  return "ERR invalid expire time in '" + std::string(command) + "' command";
}

}  // namespace server
