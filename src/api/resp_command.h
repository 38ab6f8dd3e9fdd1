// api/resp_command.h — the table of Redis commands served here. A command exists by having its row.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "api/resp_session.h"
#include "api/resp_writer.h"

namespace pando::api {

struct RespCommand {
  enum Flags : std::uint8_t { kWrite = 1, kRead = 2, kFast = 4, kInMulti = 8 };

  std::string_view name;  // lower case
  int arity = 0;          // words with the name; -n: at least n
  std::uint8_t flags = 0;
  int first_key = 0;
  int last_key = 0;  // -1: the last word
  int key_step = 0;
  std::string_view group;
  std::string_view summary;
  void (RespSession::*run)(const RespSession::Args& args) = nullptr;
};

// Sorted by name.
const std::vector<RespCommand>& resp_commands();
// Any case. Null when there is none.
const RespCommand* find_resp_command(ByteSpan name);

// As COMMAND INFO and COMMAND DOCS have it.
void append_command_info(const RespCommand& command, RespWriter& to);
void append_command_docs(const RespCommand& command, RespWriter& to);

}  // namespace pando::api
