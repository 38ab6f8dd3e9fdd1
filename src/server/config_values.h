// server/config_values.h — the small languages inside configuration values: sizes, durations, addresses.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"
#include "base/time.h"

namespace pando::server {

// "16MB", "16 MiB", "512kb", "1024": a whole number and a unit, powers of 1024 with or without the `i`.
Result<std::uint64_t> parse_size(std::string_view text);

// "20ms", "5m", "1h30m", "1.5s", "0": Go's time.ParseDuration without the sign, to the microsecond.
Result<Duration> parse_duration(std::string_view text);

// "host:port" with a port from 1 to 65535; an IPv6 host stands in brackets.
Status validate_address(std::string_view text);

// "127.0.0.1", "::1".
Status validate_ip(std::string_view text);

// A name that is safe as a directory and as the first word of a ZeroMQ topic: 1 to 128 bytes of
// [A-Za-z0-9._-], not starting with a dot, and not one of the node's own files (server/data_dir.h).
Status validate_namespace_name(std::string_view text);

// 127.0.0.0/8, ::1 or localhost.
bool is_loopback(std::string_view host);

}  // namespace pando::server
