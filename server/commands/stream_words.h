// The words of the X commands: IDs, intervals and what is to be trimmed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "crdt/stream_id.h"
#include "crdt/stream_value.h"
#include "server/command.h"

namespace server {

inline constexpr std::string_view kErrorInvalidStreamId =
    "ERR Invalid stream ID specified as stream command argument";

// "110-7" or "110", which stands for the sequence `missing`. Empty, and the error answered, where
// it is something else.
std::optional<crdt::StreamId> ParseStreamId(CommandContext& context, std::string_view word,
                                            std::uint64_t missing = 0);

// An end of an interval: an ID, "-", "+", or "(" with an ID that does not belong to it any more.
std::optional<crdt::StreamId> ParseIntervalStart(CommandContext& context, std::string_view word);
std::optional<crdt::StreamId> ParseIntervalEnd(CommandContext& context, std::string_view word);

// MAXLEN or MINID with what belongs to it.
struct TrimWords {
  enum class By { kNothing, kLength, kId };

  By by = By::kNothing;
  bool whole_blocks = false;  // "~"
  std::int64_t most_entries = 0;
  crdt::StreamId least_id;
  std::int64_t limit = 0;  // Of entries that are taken; 0: none.

  // How many entries go, from the first on.
  std::uint64_t CountIn(const crdt::StreamEntries& entries) const;
};

// What XADD says of its ID.
struct AddedId {
  enum class Form { kAutomatic, kTime, kTimeAndAutomaticSequence, kFull };

  Form form = Form::kAutomatic;
  crdt::StreamId id;
};

// The words between XADD's or XTRIM's key and the ID, or the end.
struct AddWords {
  TrimWords trim;
  bool make_stream = true;
  AddedId id;
  std::size_t fields = 0;  // The place of the first field; XADD only.
};
// Empty where an error was answered.
std::optional<AddWords> ParseAddWords(CommandContext& context, Arguments arguments);
std::optional<TrimWords> ParseTrimWords(CommandContext& context, Arguments arguments);

// Errors.
std::string NoSuchGroupForKey(std::string_view group, std::string_view key);
std::string NoSuchKeyOrGroup(std::string_view key, std::string_view group);
std::string SubcommandSyntax(std::string_view command, std::string_view subcommand);

}  // namespace server
