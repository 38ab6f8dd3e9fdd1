// cli/log_inspect.h — `pando log inspect DIR`: prints the records of a namespace's log.
//
// DIR holds the segment files, or has a `log` folder that does. Reads only; safe beside a running node, whose
// newest write may then show as a torn tail. Ends quietly when the reader of a pipe goes away.
#pragma once

#include <cstdint>
#include <string>

namespace pando::cli {

struct LogInspectOptions {
  std::string directory;
  bool json = false;        // one object per line
  std::uint64_t first = 0;  // only records from this position on
};

// Prints to stdout, complaints to stderr. 0: all whole; 1: damage, named; 2: DIR is not a log.
int log_inspect(const LogInspectOptions& options);

}  // namespace pando::cli
