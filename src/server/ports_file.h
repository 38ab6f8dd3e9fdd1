// server/ports_file.h — the addresses a process bound, for tests and scripts that configured port 0.
//
//   {"http":"127.0.0.1:8001","grpc":"127.0.0.1:4001","zmq":{"ad":"tcp://127.0.0.1:5555"},"pid":4711}
//
// `grpc` and `resp` are absent on a node that does not serve them, `zmq` is empty without notifiers. The file appears,
// whole, after every socket is bound: who sees it may connect.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/status.h"

namespace pando::server {

struct Ports {
  std::string http;
  std::optional<std::string> grpc;
  std::optional<std::string> resp;
  std::map<std::string, std::string> zmq;  // by namespace
};

std::string ports_json(const Ports& ports, long pid);
Status write_ports_file(const std::string& path, const Ports& ports);

// "127.0.0.1:80", "[::1]:80"
std::string host_and_port(const std::string& host, std::uint16_t port);

}  // namespace pando::server
