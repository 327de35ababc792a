// What one effect that came from elsewhere has met at one key, told to a sink.
#pragma once

#include <string>
#include <string_view>

#include "crdt/conflict.h"
#include "crdt/context.h"
#include "crdt/effect.h"
#include "crdt/string_value.h"

namespace crdt {

class ConflictReporter {
 public:
  // All must outlive the reporter.
  ConflictReporter(const EffectView& effect, const Context& context, ConflictSink& sink)
      : effect_(effect), context_(context), sink_(sink) {}

  // The effect and another write, of which the greater stamp wins.
  void Collision(ConflictRule rule, ValueType type, std::string_view element, Stamp other,
                 std::string_view own_value, std::string_view other_value);
  // Something that the effect would take away had it seen it.
  void Survivor(ConflictRule rule, ValueType type, std::string_view element, Stamp survivor,
                std::string_view value);
  // A delete wins over a write although neither had seen the other.
  void DeleteWon(ValueType type, std::string_view element, Stamp of_delete, Stamp lost);
  // The effect handed out an element that was taken already.
  void DoublePop(ValueType type, std::string_view element);
  // The effect's assignment came to a value: that of the key, or of an element.
  void Assigned(const StringValue& value, ValueType type, std::string_view element,
                std::string_view text);
  // The effect's increment came to a value.
  void Increased(const StringValue& value, ValueType type, std::string_view element);

 private:
  std::string_view Added(const StringValue& value, Stamp increment);

  const EffectView& effect_;
  const Context& context_;
  ConflictSink& sink_;
  std::string added_;
};

}  // namespace crdt
