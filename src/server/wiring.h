// server/wiring.h — a Config in the words of those who act on it: the node, the links, HTTP, the publishers.
//
// Pure translation, one function per part; nothing is opened here.
#pragma once

#include <cstdint>
#include <string>

#include "io/grpc/links.h"
#include "io/http/http_server.h"
#include "io/resp/resp_server.h"
#include "io/zmq/publisher.h"
#include "node/node.h"
#include "server/config.h"

namespace pando::server {

// `seed` is for transaction ids and backoff: unpredictable.
node::NodeConfig node_config(const Config& config, const std::string& node_name, std::uint64_t seed);
node::NamespaceConfig namespace_config(const Config& config, Role role, const std::string& ns);
io::http::HttpOptions http_options(const HttpConfig& config);
io::resp::RespOptions resp_options(const Config& config, Role role, const std::string& node_name,
                                   const std::string& version);
io::ListenOptions listen_options(const GrpcConfig& config);
io::DialOptions dial_options(const PeerConfig& config);
io::zmq::PublisherOptions publisher_options(const NotifierConfig& config);

}  // namespace pando::server
