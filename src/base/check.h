// base/check.h — the third kind of failure: we misbehaved.
//
// CHECK stops the process in release builds too, with the expression and its place. Use it for our own
// invariants only; the world misbehaving is a Status (base/status.h).
#pragma once

namespace pando {

[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace pando

#define CHECK(condition)                                     \
  do {                                                       \
    if (!(condition)) [[unlikely]]                           \
      ::pando::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
