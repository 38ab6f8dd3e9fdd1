// io/zmq/curve.h — CURVE keys on a socket. Internal to this folder.
#pragma once

#include <string>

#include "base/status.h"
#include "io/zmq/context.h"

namespace zmq {
class socket_t;
}

namespace pando::io::zmq {

// kInvalidArgument when `text` is not a key in Z85 form, naming `what` it is for.
Status check_curve_key(const std::string& what, const std::string& text);

// The socket accepts only peers that know keys.public_key.
Status set_curve_server(::zmq::socket_t& socket, const CurveKeys& keys);
// The socket talks only to a peer that holds the secret to `server_key`; its own pair is made here.
Status set_curve_client(::zmq::socket_t& socket, const std::string& server_key);

}  // namespace pando::io::zmq
