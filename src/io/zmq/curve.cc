#include "io/zmq/curve.h"

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <zmq.hpp>

namespace pando::io::zmq {
namespace {

constexpr std::size_t kTextBytes = 40;  // Z85 of 32 bytes
using KeyText = std::array<char, kTextBytes + 1>;

Status check_support() {
  if (zmq_has("curve") == 1) return {};
  return Status(StatusCode::kUnimplemented, "this libzmq was built without CURVE");
}

}  // namespace

Status check_curve_key(const std::string& what, const std::string& text) {
  std::array<std::uint8_t, 32> bytes{};
  if (text.size() == kTextBytes && zmq_z85_decode(bytes.data(), text.c_str()) != nullptr) return {};
  return Status(StatusCode::kInvalidArgument, fmt::format("{} is not a Z85 key of {} characters", what, kTextBytes));
}

Status set_curve_server(::zmq::socket_t& socket, const CurveKeys& keys) {
  PANDO_RETURN_IF_ERROR(check_support());
  PANDO_RETURN_IF_ERROR(check_curve_key("the CURVE secret key", keys.secret_key));
  PANDO_RETURN_IF_ERROR(check_curve_key("the CURVE public key", keys.public_key));
  KeyText derived{};
  if (zmq_curve_public(derived.data(), keys.secret_key.c_str()) != 0 || keys.public_key != derived.data()) {
    return Status(StatusCode::kInvalidArgument, "the CURVE public key does not belong to the secret key");
  }
  socket.set(::zmq::sockopt::curve_server, true);
  socket.set(::zmq::sockopt::curve_secretkey, keys.secret_key);
  return {};
}

Status set_curve_client(::zmq::socket_t& socket, const std::string& server_key) {
  PANDO_RETURN_IF_ERROR(check_support());
  PANDO_RETURN_IF_ERROR(check_curve_key("the publisher's CURVE key", server_key));
  KeyText public_key{};
  KeyText secret_key{};
  if (zmq_curve_keypair(public_key.data(), secret_key.data()) != 0) {
    return Status(StatusCode::kIoError, fmt::format("making a CURVE key pair: {}", zmq_strerror(zmq_errno())));
  }
  socket.set(::zmq::sockopt::curve_serverkey, server_key);
  socket.set(::zmq::sockopt::curve_publickey, public_key.data());
  socket.set(::zmq::sockopt::curve_secretkey, secret_key.data());
  return {};
}

}  // namespace pando::io::zmq
