// What is fuzzed: functions that take any bytes, and may do anything but crash or break what they
// check. Each is a libFuzzer executable (`./dev fuzz`), and the files of corpus/ and crashes/ are
// run through it as a test.
#pragma once

#include <string_view>

namespace fuzz {

void FuzzRequests(std::string_view bytes);  // RESP and inline commands.
void FuzzRecords(std::string_view bytes);   // Frames of the log, effects, and what they do.
void FuzzLog(std::string_view bytes);       // What a crash or a bad disk leaves of a log.
void FuzzWire(std::string_view bytes);      // Bytes of a peer, before and after its greeting.
void FuzzObjects(std::string_view bytes);   // Objects of a join.
void FuzzConfig(std::string_view bytes);    // A node's configuration.
void FuzzDumps(std::string_view bytes);     // Values in Redis' format.

}  // namespace fuzz
