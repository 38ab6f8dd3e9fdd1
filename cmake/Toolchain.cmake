# cmake/Toolchain.cmake: language level, warnings, sanitizers, faster tools when they are there.
#
# Everything here goes on the target `pando_flags`, which every Pando target links privately, so
# that generated code (protobuf) can leave the warnings out.

include_guard(GLOBAL)

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()
# Line tables only: backtraces stay readable, and builds take half the time and a tenth of the disk.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-Og -g")

# ccache: hits must not depend on which build directory or clone asks.
find_program(PANDO_CCACHE ccache)
if(PANDO_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER
      env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${PANDO_CCACHE})
endif()

find_program(PANDO_MOLD NAMES mold ld.mold)
find_program(PANDO_LLD NAMES ld.lld)
if(PANDO_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(PANDO_LLD)
  add_link_options(-fuse-ld=lld)
endif()

# __FILE__ (CHECK, test failures) reads `src/log/segment.cc` wherever the build directory is. With ccache the
# compiler sees paths relative to the build directory, without it absolute ones.
set(source_prefix ${CMAKE_SOURCE_DIR})
if(PANDO_CCACHE)
  file(RELATIVE_PATH source_prefix ${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR})
  string(REGEX REPLACE "/$" "" source_prefix "${source_prefix}")
endif()
add_compile_options(-fmacro-prefix-map=${source_prefix}/=)

# Load what a program uses, not what its libraries might have: start-up time and memory.
add_link_options(-Wl,--as-needed)
add_compile_options(-fno-omit-frame-pointer -fdiagnostics-color=auto)
# Bounds checks of std::vector, string_view, optional …: a stop beats a silent overrun, in release too.
add_compile_definitions(_GLIBCXX_ASSERTIONS)

# PANDO_SANITIZE: "address,undefined", "thread" or empty.
set(PANDO_SANITIZE "" CACHE STRING "Sanitizers to build with, as for -fsanitize=")
if(PANDO_SANITIZE)
  set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")  # compiles in half the time, and asserts stay on
  add_compile_options(-fsanitize=${PANDO_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PANDO_SANITIZE})
  if(PANDO_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-Wno-tsan)  # Asio has a fence g++'s TSan does not model; its queues lock as well
  endif()
endif()
if(PANDO_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "PANDO_FUZZ needs clang (libFuzzer): use the preset `fuzz`, or ./dev fuzz")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# PANDO_PROFILE: `generate` makes programs that write down which way they go, `use` builds them anew with that in
# mind, across files. `./dev build dist` does both, with the work of bench/lib/train.py between them.
set(PANDO_PROFILE "" CACHE STRING "Profile-guided optimisation: generate, use or empty")
set(profile_dir ${CMAKE_BINARY_DIR}/profile)
if(PANDO_PROFILE STREQUAL "generate")
  add_compile_options(-fprofile-generate=${profile_dir} -fprofile-update=prefer-atomic)
  add_link_options(-fprofile-generate=${profile_dir})
elseif(PANDO_PROFILE STREQUAL "use")
  # Partial: what the training did not reach is compiled as ever, not for size.
  add_compile_options(-fprofile-use=${profile_dir} -fprofile-partial-training -Wno-missing-profile)
  # perf reads who called whom from the frames in other builds; here that register is worth more.
  add_compile_options(-flto=auto -fomit-frame-pointer)
  add_link_options(-flto=auto -fprofile-use=${profile_dir})
elseif(PANDO_PROFILE)
  message(FATAL_ERROR "PANDO_PROFILE is `${PANDO_PROFILE}`: say generate, use, or nothing")
endif()

option(PANDO_WERROR "Treat warnings as errors" ON)
add_library(pando_flags INTERFACE)
target_compile_options(pando_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi
  -Wformat=2 -Wimplicit-fallthrough -Wcast-align -Wcast-qual -Wdouble-promotion
  -Wno-missing-field-initializers  # options structs are filled by name, the rest by default
  $<$<BOOL:${PANDO_WERROR}>:-Werror>
  # g++ 12 reports these inside libstdc++ for correct code (PR105651, PR105562); clang still checks ours.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict;-Wno-maybe-uninitialized;-Wduplicated-cond;-Wlogical-op>)
