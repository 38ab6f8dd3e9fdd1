// io/clock/clock.h — the one place that reads a clock; everybody else gets `now` as an argument.
#pragma once

#include "base/time.h"

namespace pando::io {

// Monotonic microseconds since boot, suspend included, so that a laptop that slept sees its leases expire; and
// wall-clock milliseconds. Any thread.
Time clock_now();

// Processor time of the calling thread, its work in the kernel included. Costs a call of the system.
Duration thread_cpu_time();

}  // namespace pando::io
