// A value or the reason why there is none; and the check for what cannot happen.
#pragma once

#include <expected>
#include <source_location>
#include <string>

namespace crdt {

enum class ErrorCode {
  kCorrupt,      // Bytes that do not decode.
  kTooLarge,     // A limit is exceeded.
  kUnsupported,  // A version, kind or option that this build does not know.
  kInvalid,      // A value that makes no sense here.
  kInputOutput,  // The disk or the network said no.
  kDiskFull,     // No space is left; may pass.
  kRefused,      // A peer or a lock said no.
};

struct Error {
  ErrorCode code;
  std::string detail;  // A sentence for people, without a trailing full stop.
};

template <class T>
using Result = std::expected<T, Error>;
using Status = std::expected<void, Error>;

inline std::unexpected<Error> Fail(ErrorCode code, std::string detail) {
  return std::unexpected(Error{code, std::move(detail)});
}

// Stops the process: an invariant is broken, and going on would spread wrong data to every region.
[[noreturn]] void Stop(const char* invariant, const std::source_location& where);

// On in every build. Bytes from outside never reach Require; they are checked where they enter.
inline void Require(bool condition, const char* invariant,
                    const std::source_location& where = std::source_location::current()) {
  if (!condition) [[unlikely]]
    Stop(invariant, where);
}

}  // namespace crdt
