# cmake/Dependencies.cmake: every library we use, found once, under one uniform name each.
#
#   target            library                  header to include
#   ---------------   ----------------------   ------------------------------------------
#   dep::expected     tl::expected             <tl/expected.hpp>
#   dep::fmt          {fmt} 9                  <fmt/format.h>
#   dep::xxhash       xxHash                   <xxhash.h>
#   dep::zstd         Zstandard                <zstd.h>
#   dep::zlib         zlib (CRC-32 only)       <zlib.h>
#   dep::simdjson     simdjson                 <simdjson.h>
#   dep::json         nlohmann-json            <nlohmann/json.hpp>
#   ---- the lines above may be used in the pure ring, those below only in io/, server/, cli/ ----
#   dep::rocksdb      RocksDB (shared)         <rocksdb/db.h>
#   dep::grpc         gRPC C++ and protobuf    <grpcpp/grpcpp.h>
#   dep::zmq          libzmq and cppzmq        <zmq.hpp>
#   dep::beast        Boost.Asio, Boost.Beast  <boost/beast.hpp>
#   dep::toml         toml++                   <toml++/toml.h>
#   dep::cli11        CLI11                    <CLI/CLI.hpp>
#   dep::spdlog       spdlog, external fmt     <spdlog/spdlog.h>
#   dep::prometheus   prometheus-cpp, core     <prometheus/registry.h>
#   dep::openssl      OpenSSL                  <openssl/ssl.h>
#   dep::mimalloc     mimalloc                 none: it takes malloc's place in the program
#   dep::threads      pthreads                 <thread>
#   ---- tests and benchmarks only ----
#   dep::gtest        GoogleTest, GoogleMock   <gtest/gtest.h>, <gmock/gmock.h>
#   dep::rapidcheck   RapidCheck               <rapidcheck.h>, <rapidcheck/gtest.h>
#   dep::benchmark    Google Benchmark         <benchmark/benchmark.h>
#
# What each is for, its Debian package and licence: docs/dependencies.md. `./dev setup` installs them.
#
# Where Debian's CMake package drags in things we do not use (prometheus-cpp: civetweb and curl;
# RocksDB: gflags, snappy, lz4 development files), the library is found through pkg-config instead.

include_guard(GLOBAL)
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# dep(<name> <target>...): dep::<name> stands for these targets.
function(dep name)
  add_library(dep::${name} INTERFACE IMPORTED GLOBAL)
  target_link_libraries(dep::${name} INTERFACE ${ARGN})
endfunction()

# dep_pkg(<name> <pkg-config module>...): the same, found through pkg-config.
function(dep_pkg name)
  pkg_check_modules(DEP_${name} REQUIRED QUIET IMPORTED_TARGET GLOBAL ${ARGN})
  dep(${name} PkgConfig::DEP_${name})
endfunction()

find_package(tl-expected REQUIRED CONFIG)
find_package(fmt REQUIRED CONFIG)
find_package(simdjson REQUIRED CONFIG)
find_package(nlohmann_json REQUIRED CONFIG)
find_package(tomlplusplus REQUIRED CONFIG)
find_package(CLI11 REQUIRED CONFIG)
find_package(spdlog REQUIRED CONFIG)
find_package(Boost 1.81 REQUIRED CONFIG)
find_package(OpenSSL REQUIRED)
find_package(mimalloc REQUIRED CONFIG)
find_package(ZLIB REQUIRED)

dep(threads    Threads::Threads)
dep(expected   tl::expected)
dep(fmt        fmt::fmt)
dep(zlib       ZLIB::ZLIB)
dep(simdjson   simdjson::simdjson)
dep(json       nlohmann_json::nlohmann_json)
dep(toml       tomlplusplus::tomlplusplus)
dep(cli11      CLI11::CLI11)
dep(spdlog     spdlog::spdlog)
dep(beast      Boost::headers Threads::Threads)
dep(openssl    OpenSSL::SSL OpenSSL::Crypto)
dep(mimalloc   mimalloc)

dep_pkg(xxhash     libxxhash)
dep_pkg(zstd       libzstd)
dep_pkg(rocksdb    rocksdb)
dep_pkg(grpc       grpc++ protobuf)
dep_pkg(zmq        libzmq)
dep_pkg(prometheus prometheus-cpp-core)
find_path(PANDO_CPPZMQ_INCLUDE zmq.hpp REQUIRED)
find_program(PANDO_PROTOC protoc REQUIRED)
find_program(PANDO_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)

if(PANDO_TESTS)
  find_package(GTest REQUIRED CONFIG)
  find_package(rapidcheck REQUIRED CONFIG)
  dep(gtest      GTest::gtest GTest::gmock)
  dep(rapidcheck rapidcheck rapidcheck_gtest)
endif()
find_package(benchmark QUIET CONFIG)
if(benchmark_FOUND)
  dep(benchmark benchmark::benchmark)
endif()
