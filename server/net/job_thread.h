// A thread for what may block on the disk, so that the shard's thread never does: jobs one after
// the other.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "crdt/result.h"

namespace server {

// `Job` has a `crdt::Status Run()`.
template <class Job>
class JobThread {
 public:
  // `done` is called on the job's thread.
  explicit JobThread(std::function<void(Job, crdt::Status)> done)
      : done_(std::move(done)), thread_([this] { Loop(); }) {}
  // Finishes what was begun.
  ~JobThread() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    ready_.notify_one();
    thread_.join();
  }

  void Run(Job job) {
    {
      const std::lock_guard lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    ready_.notify_one();
  }

 private:
  void Loop() {
    for (;;) {
      std::unique_lock lock(mutex_);
      ready_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      crdt::Status status = job.Run();
      done_(std::move(job), std::move(status));
    }
  }

  std::function<void(Job, crdt::Status)> done_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace server
