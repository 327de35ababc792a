// Fetching memory into the cache ahead of its use.
#pragma once

namespace crdt {

// Asks for the cache line at `address`, which may be any address.
inline void FetchLine(const void* address) {
  __builtin_prefetch(address);
  // GCC takes a function that does nothing but prefetch for one without an effect, and drops calls
  // of it; this says that it has one.
  asm volatile("");
}

}  // namespace crdt
