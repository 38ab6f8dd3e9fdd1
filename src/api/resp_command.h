// api/resp_command.h — the table of Redis commands served here. A command exists by having its row.
//
// How to add one: a row in the table of its family (resp_<family>.cc), with the function that turns its words into
// requests and says which function turns their replies into its answer (resp_call.h). A line in docs/redis.md and one
// in tests/resp/run.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "api/resp_call.h"
#include "api/resp_writer.h"

namespace pando::api {

struct RespCommand {
  enum Flags : std::uint8_t {
    kWrite = 1,
    kRead = 2,
    kFast = 4,
    kAtOnce = 8,       // inside MULTI it is done, not queued
    kNotQueued = 16,   // refused inside MULTI
    kSubscribed = 32,  // also for a RESP2 client that has subscribed
  };

  std::string_view name;  // lower case
  int arity = 0;          // words with the name; -n: at least n
  std::uint8_t flags = 0;
  int first_key = 0;
  int last_key = 0;  // -1: the last word
  int key_step = 0;
  std::string_view group;
  std::string_view summary;
  void (*run)(RespCall& call) = nullptr;
};

using RespFamily = std::vector<RespCommand>;
RespFamily resp_connection_commands();
RespFamily resp_server_commands();
RespFamily resp_transaction_commands();
RespFamily resp_pubsub_commands();
RespFamily resp_key_commands();
RespFamily resp_expiry_commands();
RespFamily resp_string_commands();
RespFamily resp_number_commands();
RespFamily resp_bit_commands();
RespFamily resp_sketch_commands();
RespFamily resp_stream_commands();
RespFamily resp_stream_read_commands();
RespFamily resp_wait_commands();
RespFamily resp_hash_commands();
RespFamily resp_set_commands();
RespFamily resp_sorted_set_commands();
RespFamily resp_sorted_set_range_commands();
RespFamily resp_sorted_set_join_commands();
RespFamily resp_list_commands();
RespFamily resp_pop_commands();

// Of all families, sorted by name.
const std::vector<RespCommand>& resp_commands();
// Any case. Null when there is none.
const RespCommand* find_resp_command(ByteSpan name);

// As COMMAND INFO and COMMAND DOCS have it.
void append_command_info(const RespCommand& command, RespWriter& to);
void append_command_docs(const RespCommand& command, RespWriter& to);

}  // namespace pando::api
