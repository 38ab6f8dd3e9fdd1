// io/grpc/credentials.h — who may speak on a link: TLS files into gRPC credentials. Internal; heavy headers.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "io/grpc/links.h"

namespace pando::io {

// Both: kInvalidArgument when files are missing or unreadable, or when plain text is asked for off loopback
// without consent.

// With certificates the client's is required and verified, always.
Result<std::shared_ptr<grpc::ServerCredentials>> server_credentials(const ListenOptions& options);
Result<std::shared_ptr<grpc::ChannelCredentials>> channel_credentials(const DialOptions& options);

// "127.0.0.1", "::1", "[::1]", "localhost".
bool is_loopback(std::string_view host);

}  // namespace pando::io
