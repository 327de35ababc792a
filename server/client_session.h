// What the server knows of one client: everything but its socket.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "crdt/stamp.h"
#include "crdt/type_table.h"
#include "server/resp/reply_writer.h"
#include "storage/log/log_position.h"

namespace server {

// A command that waits for something; answered by the node when it comes, or at the deadline.
struct ReplicaWait {  // WAIT
  storage::LogPosition position;
  std::int64_t replicas;
};
struct FsyncWait {  // WAITAOF
  storage::LogPosition position;
  std::int64_t local;
  std::int64_t replicas;
};
struct RegionWait {  // REGION WAIT
  crdt::Stamp stamp;
  std::int64_t regions;
};
struct KeyWait {  // BLPOP and the like: see blocked_clients.h.
  std::vector<std::string> keys;
  crdt::ValueType type;            // Carried out again where a key that has changed shows it …
  bool also_when_gone = false;     // … or whatever it shows.
  bool writes = true;              // Waits on where no writes are taken.
  std::vector<std::string> words;  // The command. Its handler may have made them definite.
};
struct PauseWait {  // Any command while clients are paused: see client_pause.h.
  bool writes;
  std::vector<std::string> words;  // Carried out afterwards.
};
struct CheckpointWait {  // SAVE: so many checkpoints are finished.
  std::uint64_t finished = 0;
};
struct SnapshotWait {  // SNAPSHOT CREATE: so many snapshots are finished.
  std::uint64_t finished = 0;
};
struct ComparisonWait {  // REGION DIFF, REGION REPAIR: a comparison has ended.
  std::uint64_t number = 0;
  bool repairs = false;
};
struct StopWait {};  // SHUTDOWN: over where the node does not stop after all.
struct Wait {
  std::variant<ReplicaWait, FsyncWait, RegionWait, KeyWait, PauseWait, CheckpointWait, SnapshotWait,
               ComparisonWait, StopWait>
      what;
  std::optional<std::int64_t> deadline_steady_ms;  // Empty: for ever.
};

// Commands queued by MULTI. Own copies: the query buffer moves on.
struct QueuedTransaction {
  // What Redis' query buffer allows a transaction. A command beyond it breaks the transaction.
  static constexpr std::size_t kMostBytes = std::size_t{1} << 30;
  // Of the effects of an EXEC: its next write is refused.
  static constexpr std::size_t kMostEffectBytes = std::size_t{1} << 30;

  std::vector<std::vector<std::string>> commands;
  std::size_t bytes = 0;        // Of the words and what holds them, about.
  bool writes = false;          // One of them does.
  bool needs_data = false;      // One of them does not work while the log is replayed.
  bool needs_all_keys = false;  // One of them does not work while keys are still brought.
  bool broken = false;          // A queued command was refused: EXEC answers EXECABORT.
};

// A watched key and what it was when WATCH saw it: compared by the keyspace's change counter.
struct WatchedKey {
  std::string key;
  bool existed_expired = false;  // It was past its deadline already when watched.
};

enum class ReplyMode { kOn, kOff, kSkipNext, kSkipping };

class ClientSession {
 public:
  explicit ClientSession(std::uint64_t id) : id(id) {}

  const std::uint64_t id;
  std::string name;
  std::string library_name;
  std::string library_version;
  std::string address;  // "127.0.0.1:50123", "[::1]:50123" or the unix socket's path.
  std::string local_address;
  std::int64_t connected_steady_ms = 0;
  std::int64_t last_command_steady_ms = 0;
  std::string_view last_command = "NULL";  // Points into the command table.

  Protocol protocol = Protocol::kResp2;
  bool authenticated = false;
  bool no_evict = false;
  bool no_touch = false;
  ReplyMode reply_mode = ReplyMode::kOn;
  bool close_after_reply = false;

  std::optional<QueuedTransaction> transaction;  // Set between MULTI and EXEC.
  std::vector<WatchedKey> watched;
  bool watch_dirty = false;  // A watched key was changed: EXEC answers null.

  // What this connection wrote last: what WAIT, WAITAOF and REGION WAIT ask about.
  storage::LogPosition last_write = 0;
  crdt::Stamp last_stamp;

  // Set while a command waits: nothing more is executed for this client.
  std::optional<Wait> waiting;

  std::string output;  // Replies that have not been given to the socket.
};

}  // namespace server
