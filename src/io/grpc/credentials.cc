#include "io/grpc/credentials.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

namespace pando::io {
namespace {

struct Pem {
  std::string cert;
  std::string key;
  std::string ca;
};

Result<std::string> read_pem(const char* setting, const std::string& path) {
  if (path.empty()) {
    return fail(
        StatusCode::kInvalidArgument,
        fmt::format("TLS needs cert_path, key_path and ca_path (both ends verify each other); {} is missing", setting));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file.is_open() || file.bad()) {
    return fail(StatusCode::kInvalidArgument,
                fmt::format("{}: cannot read '{}': {}", setting, path, std::strerror(errno)));
  }
  if (text.find("-----BEGIN ") == std::string::npos) {
    return fail(StatusCode::kInvalidArgument, fmt::format("{}: '{}' is not a PEM file", setting, path));
  }
  return text;
}

Result<Pem> read_all(const TlsFiles& files) {
  Pem pem;
  const auto load = [](std::string& into, const char* setting, const std::string& path) {
    Result<std::string> text = read_pem(setting, path);
    if (!text) return text.error();
    into = std::move(*text);
    return Status();
  };
  PANDO_RETURN_IF_ERROR(load(pem.cert, "cert_path", files.cert_path));
  PANDO_RETURN_IF_ERROR(load(pem.key, "key_path", files.key_path));
  PANDO_RETURN_IF_ERROR(load(pem.ca, "ca_path", files.ca_path));
  return pem;
}

Status plain_text_allowed(std::string_view host, bool allow_insecure) {
  if (allow_insecure || is_loopback(host)) return {};
  return Status(StatusCode::kInvalidArgument,
                fmt::format("'{}' is not this machine: give cert_path, key_path and ca_path, or set allow_insecure to "
                            "replicate in plain text",
                            host));
}

std::string_view host_of(std::string_view address) { return address.substr(0, address.rfind(':')); }

}  // namespace

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.substr(0, 4) == "127.";
}

Result<std::shared_ptr<grpc::ServerCredentials>> server_credentials(const ListenOptions& options) {
  if (options.tls.empty()) {
    PANDO_RETURN_IF_ERROR(plain_text_allowed(options.host, options.allow_insecure));
    return grpc::InsecureServerCredentials();
  }
  Result<Pem> pem = read_all(options.tls);
  if (!pem) return fail(pem.error());
  grpc::SslServerCredentialsOptions ssl(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  ssl.pem_root_certs = std::move(pem->ca);
  ssl.pem_key_cert_pairs.push_back({std::move(pem->key), std::move(pem->cert)});
  return grpc::SslServerCredentials(ssl);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> channel_credentials(const DialOptions& options) {
  if (options.tls.empty()) {
    PANDO_RETURN_IF_ERROR(plain_text_allowed(host_of(options.address), options.allow_insecure));
    return grpc::InsecureChannelCredentials();
  }
  Result<Pem> pem = read_all(options.tls);
  if (!pem) return fail(pem.error());
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = std::move(pem->ca);
  ssl.pem_private_key = std::move(pem->key);
  ssl.pem_cert_chain = std::move(pem->cert);
  return grpc::SslCredentials(ssl);
}

}  // namespace pando::io
