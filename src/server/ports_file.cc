#include "server/ports_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "server/data_dir.h"

namespace pando::server {

std::string ports_json(const Ports& ports, long pid) {
  nlohmann::ordered_json out;
  out["http"] = ports.http;
  if (ports.grpc) out["grpc"] = *ports.grpc;
  if (ports.resp) out["resp"] = *ports.resp;
  out["zmq"] = nlohmann::ordered_json::object();
  for (const auto& [ns, endpoint] : ports.zmq) out["zmq"][ns] = endpoint;
  out["pid"] = pid;
  return out.dump() + "\n";
}

Status write_ports_file(const std::string& path, const Ports& ports) {
  return write_file_atomically(path, ports_json(ports, ::getpid()));
}

std::string host_and_port(const std::string& host, std::uint16_t port) {
  return host.find(':') != std::string::npos && host.front() != '[' ? fmt::format("[{}]:{}", host, port)
                                                                    : fmt::format("{}:{}", host, port);
}

}  // namespace pando::server
