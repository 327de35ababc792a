#include "crdt/stream_report.h"

#include <string>

namespace crdt {
namespace {

void ReportSameIds(const StreamValue& stream, const StreamEffect& body, const Context& context,
                   ConflictReporter& reporter) {
  ByteReader items(body.items);
  for (std::uint64_t i = 0; i < body.count; ++i) {
    const EntryView entry = DecodeEntry(items);
    // Almost all come behind everything that is there.
    if (stream.entries().empty() || stream.entries().last().id < entry.id) continue;
    const auto same = [&](const EntryView& other) {
      if (context.Covers(other.stamp)) return true;
      reporter.Collision(ConflictRule::kSameEntryId, ValueType::kStream, entry.id.ToString(),
                         other.stamp, FieldsText(entry), FieldsText(other));
      return true;
    };
    stream.entries().Ascend(EntryKey::Before(entry.id), EntryKey::Behind(entry.id), same);
  }
}

void ReportEnded(const StreamGroup& group, std::string_view name, const Context& context,
                 ConflictReporter& reporter) {
  for (const StreamGroup::Generation& generation : group.generations()) {
    if (context.Covers(generation.stamp)) continue;
    reporter.DeleteWon(ValueType::kStream, name, context.stamp(), generation.stamp);
  }
}

}  // namespace

void ReportStreamAhead(const StreamValue& stream, const EffectView& effect, const Context& context,
                       ConflictReporter& reporter) {
  const StreamEffect body = StreamEffect::Of(effect);
  switch (effect.kind) {
    case EffectKind::kStreamAdd:
      ReportSameIds(stream, body, context, reporter);
      break;
    case EffectKind::kGroupDestroy:
      if (const StreamGroup* const group = stream.Group(body.group)) {
        ReportEnded(*group, body.group, context, reporter);
      }
      break;
    case EffectKind::kGroupCreate:
    case EffectKind::kGroupSetPosition:
      if (const Stamp of_delete = stream.Void(body, context); !of_delete.is_zero()) {
        reporter.DeleteWon(ValueType::kStream, body.group, of_delete, context.stamp());
      }
      break;
    default:
      break;
  }
}

void ReportBuriedGroups(const StreamValue& stream, const EffectView& effect, const Context& context,
                        ConflictReporter& reporter) {
  const Result<KeyResets> resets = KeyResets::Decode(effect.resets);
  if (!resets || (resets->buries & bury::kGroups) == 0) return;
  for (const auto& [name, group] : stream.groups()) ReportEnded(group, name, context, reporter);
}

void ReportStreamSurvivors(const StreamValue& stream, const EffectView& effect,
                           ConflictReporter& reporter) {
  if (effect.kind != EffectKind::kStreamRemove) return;
  const StreamEffect body = StreamEffect::Of(effect);
  ByteReader items(body.items);
  for (std::uint64_t i = 0; i < body.count; ++i) {
    const StreamId id = StreamId::Decode(items);
    stream.entries().Ascend(
        EntryKey::Before(id), EntryKey::Behind(id), [&](const EntryView& entry) {
          reporter.Survivor(ConflictRule::kWriteSurvivesDelete, ValueType::kStream, id.ToString(),
                            entry.stamp, FieldsText(entry));
          return true;
        });
  }
}

}  // namespace crdt
