#include "io/clock/clock.h"

#include <ctime>

namespace pando::io {
namespace {

std::int64_t read_us(clockid_t id) {
  timespec at{};
  ::clock_gettime(id, &at);  // cannot fail for these ids
  return static_cast<std::int64_t>(at.tv_sec) * 1'000'000 + at.tv_nsec / 1'000;
}

}  // namespace

Time clock_now() { return {read_us(CLOCK_BOOTTIME), read_us(CLOCK_REALTIME) / 1'000}; }

Duration thread_cpu_time() { return Duration::micros(read_us(CLOCK_THREAD_CPUTIME_ID)); }

}  // namespace pando::io
