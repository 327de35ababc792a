#include "server/commands/stream_words.h"

#include <algorithm>
#include <limits>

#include "crdt/string_value.h"
#include "server/commands/letter_case.h"
#include "server/commands/reply_errors.h"

namespace server {
namespace {

using crdt::EntryKey;
using crdt::StreamId;

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
// As many blocks as "~" takes at once where no LIMIT says otherwise, as in Redis.
constexpr std::int64_t kMostTrimmedBlocks = 100;

std::optional<StreamId> Bound(CommandContext& context, std::string_view word,
                              std::uint64_t missing) {
  if (word == "-") return StreamId::Least();
  if (word == "+") return StreamId::Greatest();
  return ParseStreamId(context, word, missing);
}

// Reads options and stops at the first word that is none of them, whose place it returns.
class OptionParser {
 public:
  OptionParser(CommandContext& context, Arguments arguments)
      : context_(context), arguments_(arguments) {}

  // False where an error was answered.
  bool Take(AddWords& words, bool of_add) {
    for (; at_ < arguments_.size(); ++at_) {
      const std::string_view word = arguments_[at_];
      const bool more = at_ + 1 < arguments_.size();
      if (of_add && word == "*") return true;
      if (EqualsIgnoreCase(word, "maxlen") && more) {
        if (!TakeLength(words.trim)) return false;
      } else if (EqualsIgnoreCase(word, "minid") && more) {
        if (!TakeLeastId(words.trim)) return false;
      } else if (EqualsIgnoreCase(word, "limit") && more) {
        if (!TakeLimit(words.trim)) return false;
      } else if (of_add && EqualsIgnoreCase(word, "nomkstream")) {
        words.make_stream = false;
      } else {
        return true;
      }
    }
    return true;
  }

  // After the last option.
  bool Check(TrimWords& trim) {
    if (limit_given_ && trim.limit != 0 && trim.by == TrimWords::By::kNothing) {
      return Refuse(
          "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
    }
    if (limit_given_ && !trim.whole_blocks) {
      return Refuse("ERR syntax error, LIMIT cannot be used without the special ~ option");
    }
    if (!limit_given_ && trim.whole_blocks) {
      trim.limit =
          kMostTrimmedBlocks * static_cast<std::int64_t>(crdt::StreamEntries::kMostBlockEntries);
    }
    return true;
  }

  std::size_t place() const { return at_; }

 private:
  bool Refuse(std::string_view error) {
    context_.reply.Error(error);
    return false;
  }

  // The word behind the option, "~" and "=" left out.
  bool TakeForm(TrimWords& trim, TrimWords::By by) {
    if (trim.by != TrimWords::By::kNothing) {
      return Refuse(
          "ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
    }
    trim.by = by;
    ++at_;
    const bool more = at_ + 1 < arguments_.size();
    trim.whole_blocks = more && arguments_[at_] == "~";
    if (more && (arguments_[at_] == "~" || arguments_[at_] == "=")) ++at_;
    return true;
  }

  bool TakeLength(TrimWords& trim) {
    if (!TakeForm(trim, TrimWords::By::kLength)) return false;
    const auto length = crdt::ParseInteger(arguments_[at_]);
    if (!length) return Refuse(kErrorNotAnInteger);
    if (*length < 0) return Refuse("ERR The MAXLEN argument must be >= 0.");
    trim.most_entries = *length;
    return true;
  }

  bool TakeLeastId(TrimWords& trim) {
    if (!TakeForm(trim, TrimWords::By::kId)) return false;
    const auto id = ParseStreamId(context_, arguments_[at_]);
    if (!id) return false;
    trim.least_id = *id;
    return true;
  }

  bool TakeLimit(TrimWords& trim) {
    const auto limit = crdt::ParseInteger(arguments_[++at_]);
    if (!limit) return Refuse(kErrorNotAnInteger);
    if (*limit < 0) return Refuse("ERR The LIMIT argument must be >= 0.");
    trim.limit = *limit;
    limit_given_ = true;
    return true;
  }

  CommandContext& context_;
  Arguments arguments_;
  std::size_t at_ = 2;
  bool limit_given_ = false;
};

std::optional<AddedId> ParseAddedId(CommandContext& context, std::string_view word) {
  using Form = AddedId::Form;
  if (word == "*") return AddedId{Form::kAutomatic, {}};
  const std::size_t dash = word.find('-');
  if (dash != std::string_view::npos && word.substr(dash + 1) == "*") {
    const auto id = ParseStreamId(context, word.substr(0, dash));
    if (!id) return std::nullopt;
    return AddedId{Form::kTimeAndAutomaticSequence, *id};
  }
  const auto id = ParseStreamId(context, word);
  if (!id) return std::nullopt;
  return AddedId{dash == std::string_view::npos ? Form::kTime : Form::kFull, *id};
}

}  // namespace

std::optional<StreamId> ParseStreamId(CommandContext& context, std::string_view word,
                                      std::uint64_t missing) {
  const auto id = StreamId::Parse(word, missing);
  if (!id) context.reply.Error(kErrorInvalidStreamId);
  return id;
}

std::optional<StreamId> ParseIntervalStart(CommandContext& context, std::string_view word) {
  const bool open = word.starts_with('(');
  const auto id = open ? ParseStreamId(context, word.substr(1)) : Bound(context, word, 0);
  if (!id || !open) return id;
  if (*id != StreamId::Greatest()) return id->Next();
  context.reply.Error("ERR invalid start ID for the interval");
  return std::nullopt;
}

std::optional<StreamId> ParseIntervalEnd(CommandContext& context, std::string_view word) {
  const bool open = word.starts_with('(');
  const auto id =
      open ? ParseStreamId(context, word.substr(1), kMost) : Bound(context, word, kMost);
  if (!id || !open) return id;
  if (*id != StreamId::Least()) return id->Previous();
  context.reply.Error("ERR invalid end ID for the interval");
  return std::nullopt;
}

std::string NoSuchGroupForKey(std::string_view group, std::string_view key) {
  return std::string("NOGROUP No such consumer group '")
      .append(Told(group))
      .append("' for key name '")
      .append(Told(key))
      .append("'");
}

std::string NoSuchKeyOrGroup(std::string_view key, std::string_view group) {
  return std::string("NOGROUP No such key '")
      .append(Told(key))
      .append("' or consumer group '")
      .append(Told(group))
      .append("'");
}

std::string SubcommandSyntax(std::string_view command, std::string_view subcommand) {
  return std::string("ERR unknown subcommand or wrong number of arguments for '")
      .append(Told(subcommand, 128))
      .append("'. Try ")
      .append(UpperCase(command))
      .append(" HELP.");
}

std::uint64_t TrimWords::CountIn(const crdt::StreamEntries& entries) const {
  const std::uint64_t size = entries.size();
  const auto most = static_cast<std::uint64_t>(most_entries);
  if (by == By::kNothing || (by == By::kLength && size <= most)) return 0;
  if (!whole_blocks) {
    return by == By::kLength ? size - most : entries.CountBelow(EntryKey::Before(least_id));
  }
  std::uint64_t count = 0;
  entries.ForEachBlock([&](const EntryKey& last, std::size_t in_block) {
    if (limit != 0 && count + in_block > static_cast<std::uint64_t>(limit)) return false;
    const bool goes = by == By::kLength ? size - count >= most + in_block : last.id < least_id;
    if (goes) count += in_block;
    return goes;
  });
  return count;
}

std::optional<AddWords> ParseAddWords(CommandContext& context, Arguments arguments) {
  AddWords words;
  OptionParser parser(context, arguments);
  if (!parser.Take(words, true)) return std::nullopt;
  // Where there is no ID, the fields are wrong in number as well.
  if (parser.place() < arguments.size()) {
    const auto id = ParseAddedId(context, arguments[parser.place()]);
    if (!id) return std::nullopt;
    words.id = *id;
  }
  if (!parser.Check(words.trim)) return std::nullopt;
  words.fields = parser.place() + 1;
  const std::size_t left = arguments.size() - std::min(arguments.size(), words.fields);
  if (left < 2 || left % 2 == 1) {
    context.reply.Error(WrongNumberOfArguments("xadd"));
    return std::nullopt;
  }
  return words;
}

std::optional<TrimWords> ParseTrimWords(CommandContext& context, Arguments arguments) {
  AddWords words;
  OptionParser parser(context, arguments);
  if (!parser.Take(words, false)) return std::nullopt;
  if (parser.place() < arguments.size()) {
    context.reply.Error(kErrorSyntax);
    return std::nullopt;
  }
  if (words.trim.by == TrimWords::By::kNothing && words.trim.limit == 0) {
    context.reply.Error("ERR syntax error, XTRIM must be called with a trimming strategy");
    return std::nullopt;
  }
  if (!parser.Check(words.trim)) return std::nullopt;
  return words.trim;
}

}  // namespace server
