#include "crdt/result.h"

#include <cstdio>
#include <cstdlib>

namespace crdt {

void Stop(const char* invariant, const std::source_location& where) {
  std::fprintf(stderr, "invariant broken: %s (%s:%u)\n", invariant, where.file_name(),
               where.line());
  std::abort();
}

}  // namespace crdt
