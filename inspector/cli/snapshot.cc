#include "inspector/cli/snapshot.h"

#include <vector>

#include "inspector/cli/fields.h"
#include "inspector/cli/presentation.h"

namespace inspector {

std::string RenderSnapshot(const Json& snapshot) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : snapshot.items()) {
    const bool is_size = name == "bytes";
    if (name == "complete") continue;
    rows.push_back({name == "time_ms" ? "time" : name,
                    is_size ? ByteSize(value.get<std::int64_t>()) : Readable(name, value)});
  }
  return Table(rows);
}

std::string RenderSnapshots(const Json& snapshots) {
  if (snapshots.empty()) return "no snapshots\n";
  std::vector<std::vector<std::string>> rows{
      {"name", "time", "keys", "size", "position", "epoch", "vector"}};
  for (const Json& snapshot : snapshots) {
    if (Flag(snapshot, "complete")) {
      rows.push_back({Plain(snapshot, "name"), UtcTime(Number(snapshot, "time_ms")),
                      Plain(snapshot, "keys"), ByteSize(Number(snapshot, "bytes")),
                      Plain(snapshot, "position"), Plain(snapshot, "epoch"),
                      Plain(snapshot, "vector")});
    } else {
      rows.push_back({Plain(snapshot, "name"), "unusable: " + Plain(snapshot, "detail")});
    }
  }
  return Table(rows);
}

}  // namespace inspector
