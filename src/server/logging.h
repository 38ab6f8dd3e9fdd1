// server/logging.h — the log that people and machines read: one line of key=value per event, on stderr.
//
//   time=2026-03-01T10:00:00.123Z level=info msg="link up" ns=ad-campaign-dc1 peer=127.0.0.1:4001
//
// Values with spaces, quotes, control bytes or nothing in them are quoted and escaped, so an event is always
// one line whatever a client put into it. The tutorial's ready lines are not log lines: they go to stdout.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "server/config.h"

namespace pando::server {

using LogFields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Once, before the first log().
void setup_logging(LogLevel level, bool timestamps);

// Any thread.
void log(LogLevel level, std::string_view message, LogFields fields = {});

// `msg="link up" ns=ad peer=127.0.0.1:4001`, for tests.
std::string format_log_line(std::string_view message, LogFields fields);

}  // namespace pando::server
