// The thread on which the log is synced, so that the shard's thread never waits for the disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "storage/log/log.h"

namespace server {

class SyncThread {
 public:
  // `done` is called on the sync thread.
  explicit SyncThread(std::function<void(storage::SyncJob, crdt::Status)> done);
  // Finishes what was begun.
  ~SyncThread();

  void Run(storage::SyncJob job);

 private:
  void Loop();

  std::function<void(storage::SyncJob, crdt::Status)> done_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<storage::SyncJob> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace server
