#include "server/net/sync_thread.h"

#include <utility>

namespace server {

SyncThread::SyncThread(std::function<void(storage::SyncJob, crdt::Status)> done)
    : done_(std::move(done)), thread_([this] { Loop(); }) {}

SyncThread::~SyncThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void SyncThread::Run(storage::SyncJob job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  ready_.notify_one();
}

void SyncThread::Loop() {
  for (;;) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    storage::SyncJob job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    crdt::Status status = job.Run();
    done_(std::move(job), std::move(status));
  }
}

}  // namespace server
