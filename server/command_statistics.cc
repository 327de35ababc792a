#include "server/command_statistics.h"

namespace server {

void CommandCalls::AddTime(std::uint64_t usec) {
  latencies_.Add(usec, since_timed_);
  represented_ += since_timed_;
  represented_usec_ += usec * since_timed_;
  since_timed_ = 0;
  stride_ = represented_ < kFirstCalls || usec >= kSlowUsec ? 1 : kStride;
}

std::uint64_t CommandCalls::usec() const {
  if (represented_ == 0) return 0;
  // The last few calls took what those before them took.
  const double mean = static_cast<double>(represented_usec_) / static_cast<double>(represented_);
  return represented_usec_ +
         static_cast<std::uint64_t>(mean * static_cast<double>(calls - represented_));
}

const CommandCalls* CommandStatistics::Find(const CommandSpec& spec) const {
  const auto known = calls_.find(&spec);
  return known == calls_.end() ? nullptr : known->second;
}

void CommandStatistics::Reset() {
  for (CommandCalls& calls : all_) calls = {};
}

CommandCalls& CommandStatistics::Known(const CommandSpec& spec) {
  CommandCalls*& calls = calls_[&spec];
  if (calls == nullptr) calls = &all_.emplace_back();
  return *calls;
}

}  // namespace server
