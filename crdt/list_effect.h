// The bodies of the effects on lists that name places: what stands in them and what they do.
#pragma once

#include <string_view>

#include "absl/container/inlined_vector.h"
#include "crdt/conflict_reporter.h"
#include "crdt/context.h"
#include "crdt/effect.h"
#include "crdt/encoding.h"
#include "crdt/list_position.h"
#include "crdt/list_value.h"

namespace crdt {

// Reads and checks the body of an effect that names places (not a push).
void DecodeListBody(ByteReader& in, EffectView& effect);
// The places of such an effect, one mostly; the steps are views into its bytes.
using ListPlaces = absl::InlinedVector<ListPlace, 2>;
ListPlaces ListPlacesOf(const EffectView& effect);

// Of any effect on lists.
void ApplyToList(ListValue& list, const EffectView& effect, const Context& context);

// Before a pop is applied: what it handed out and is not there any more. `list` may be null.
void ReportListPops(const ListValue* list, const EffectView& effect, ConflictReporter& reporter);
// After an LSET was applied: the values that it has not seen. `list` may be null.
void ReportListAssigned(const ListValue* list, const EffectView& effect, const Context& context,
                        ConflictReporter& reporter);

}  // namespace crdt
