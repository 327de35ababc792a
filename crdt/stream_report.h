// Which collisions an effect on a stream has met; see conflict_reporter.h.
#pragma once

#include "crdt/conflict_reporter.h"
#include "crdt/stream_value.h"

namespace crdt {

// Before the effect is applied: entries of one ID, and groups that a delete takes or has taken.
void ReportStreamAhead(const StreamValue& stream, const EffectView& effect, const Context& context,
                       ConflictReporter& reporter);
// Before a delete of the whole key is applied: groups that it had not seen.
void ReportBuriedGroups(const StreamValue& stream, const EffectView& effect, const Context& context,
                        ConflictReporter& reporter);
// After the effect was applied: entries that an XDEL names and had not seen.
void ReportStreamSurvivors(const StreamValue& stream, const EffectView& effect,
                           ConflictReporter& reporter);

}  // namespace crdt
