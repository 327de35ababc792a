// The steps of a write at a primary, at each of which its process or machine may end.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace simulation {

enum class WriteStep {
  kExecuted,      // In memory alone.
  kWritten,       // The kernel has it; nothing was sent.
  kSent,          // On its way to others; the client has no reply.
  kAnswered,      // The client has its reply.
  kSyncing,       // The fsync was begun.
  kSynced,        // The fsync has ended; the node does not know yet.
  kAcknowledged,  // A replica has it.
};
inline constexpr std::array<std::string_view, 7> kWriteStepNames = {
    "executed", "written", "sent", "answered", "syncing", "synced", "acknowledged"};
inline constexpr std::size_t kWriteSteps = kWriteStepNames.size();

}  // namespace simulation
