// The families of commands; command_table.cc puts them together. One line each.
#pragma once

#include <span>

#include "server/command.h"

namespace server {

std::span<const CommandSpec> BitfieldCommands();
std::span<const CommandSpec> BitmapCommands();
std::span<const CommandSpec> ClientCommands();
std::span<const CommandSpec> CommandCommands();
std::span<const CommandSpec> ConfigCommands();
std::span<const CommandSpec> ConflictCommands();
std::span<const CommandSpec> ConnectionCommands();
std::span<const CommandSpec> CounterCommands();
std::span<const CommandSpec> CrdtCommands();
std::span<const CommandSpec> DumpCommands();
std::span<const CommandSpec> ExpiryCommands();
std::span<const CommandSpec> FailoverCommands();
std::span<const CommandSpec> GeoCommands();
std::span<const CommandSpec> HashCommands();
std::span<const CommandSpec> HyperLogLogCommands();
std::span<const CommandSpec> InfoCommands();
std::span<const CommandSpec> KeyCommands();
std::span<const CommandSpec> LatencyCommands();
std::span<const CommandSpec> LcsCommands();
std::span<const CommandSpec> ListBlockingCommands();
std::span<const CommandSpec> ListCommands();
std::span<const CommandSpec> MemoryCommands();
std::span<const CommandSpec> ObjectCommands();
std::span<const CommandSpec> PersistenceCommands();
std::span<const CommandSpec> RegionCommands();
std::span<const CommandSpec> ServerCommands();
std::span<const CommandSpec> SetCommands();
std::span<const CommandSpec> SlowlogCommands();
std::span<const CommandSpec> SnapshotCommands();
std::span<const CommandSpec> SortCommands();
std::span<const CommandSpec> SortedSetCombinationCommands();
std::span<const CommandSpec> SortedSetCommands();
std::span<const CommandSpec> SortedSetPopCommands();
std::span<const CommandSpec> SortedSetRangeCommands();
std::span<const CommandSpec> StreamCommands();
std::span<const CommandSpec> StreamGroupCommands();
std::span<const CommandSpec> StreamInformationCommands();
std::span<const CommandSpec> StreamPendingCommands();
std::span<const CommandSpec> StreamReadingCommands();
std::span<const CommandSpec> StringCommands();
std::span<const CommandSpec> TransactionCommands();
std::span<const CommandSpec> WaitCommands();

}  // namespace server
