// server/workers.h — a few threads that do blocking work in the order it was given.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pando::server {

class Workers {
 public:
  using Job = std::function<void()>;

  // `name` is what `top -H` shows, at most 15 bytes.
  Workers(const std::string& name, std::size_t thread_count);
  // Finishes every job that was given, then joins.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Any thread. With one worker jobs run strictly one after the other; with more they start in order.
  void give(Job job);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable given_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace pando::server
