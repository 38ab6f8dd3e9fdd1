#include "api/resp_command.h"

#include <algorithm>

namespace pando::api {
namespace {

using C = RespCommand;
using S = RespSession;

const std::vector<RespCommand> kCommands = {
    {"auth", -2, C::kFast, 0, 0, 0, "connection", "Refused: no password is configured.", &S::auth},
    {"client", -2, 0, 0, 0, 0, "connection", "Names and lists connections.", &S::client},
    {"command", -1, 0, 0, 0, 0, "server", "Describes the commands.", &S::command},
    {"config", -2, 0, 0, 0, 0, "server", "GET: fixed settings that clients look for.", &S::config},
    {"decr", 2, C::kWrite | C::kFast, 1, 1, 1, "string", "Takes one from a counter.", &S::increment},
    {"decrby", 3, C::kWrite | C::kFast, 1, 1, 1, "string", "Takes a number from a counter.", &S::increment},
    {"del", -2, C::kWrite, 1, -1, 1, "generic", "Deletes keys.", &S::remove},
    {"discard", 1, C::kFast | C::kInMulti, 0, 0, 0, "transactions", "Forgets the queued commands.", &S::discard},
    {"echo", 2, C::kFast, 0, 0, 0, "connection", "Answers its word.", &S::echo},
    {"exec", 1, C::kInMulti, 0, 0, 0, "transactions", "Commits the queued commands as one.", &S::exec},
    {"exists", -2, C::kRead | C::kFast, 1, -1, 1, "generic", "Counts the keys that exist.", &S::exists},
    {"get", 2, C::kRead | C::kFast, 1, 1, 1, "string", "Answers the value of a key.", &S::get},
    {"hdel", -3, C::kWrite | C::kFast, 1, 1, 1, "hash", "Deletes fields of a hash.", &S::hash_remove},
    {"hello", -1, C::kFast, 0, 0, 0, "connection", "Switches between RESP2 and RESP3.", &S::hello},
    {"hexists", 3, C::kRead | C::kFast, 1, 1, 1, "hash", "Tells whether a field exists.", &S::hash_get},
    {"hget", 3, C::kRead | C::kFast, 1, 1, 1, "hash", "Answers a field of a hash.", &S::hash_get},
    {"hgetall", 2, C::kRead, 1, 1, 1, "hash", "Answers all fields and values of a hash.", &S::hash_all},
    {"hkeys", 2, C::kRead, 1, 1, 1, "hash", "Answers all fields of a hash.", &S::hash_all},
    {"hlen", 2, C::kRead | C::kFast, 1, 1, 1, "hash", "Counts the fields of a hash.", &S::hash_all},
    {"hmget", -3, C::kRead | C::kFast, 1, 1, 1, "hash", "Answers fields of a hash.", &S::hash_get_many},
    {"hmset", -4, C::kWrite | C::kFast, 1, 1, 1, "hash", "Sets fields of a hash.", &S::hash_set},
    {"hset", -4, C::kWrite | C::kFast, 1, 1, 1, "hash", "Sets fields of a hash.", &S::hash_set},
    {"hstrlen", 3, C::kRead | C::kFast, 1, 1, 1, "hash", "Answers the length of a field.", &S::hash_get},
    {"hvals", 2, C::kRead, 1, 1, 1, "hash", "Answers all values of a hash.", &S::hash_all},
    {"incr", 2, C::kWrite | C::kFast, 1, 1, 1, "string", "Adds one to a counter.", &S::increment},
    {"incrby", 3, C::kWrite | C::kFast, 1, 1, 1, "string", "Adds a number to a counter.", &S::increment},
    {"info", -1, 0, 0, 0, 0, "server", "Tells about this node.", &S::info},
    {"keys", 2, C::kRead, 0, 0, 0, "generic", "Lists the keys that match a pattern.", &S::keys},
    {"mget", -2, C::kRead | C::kFast, 1, -1, 1, "string", "Answers the values of keys.", &S::mget},
    {"mset", -3, C::kWrite, 1, -1, 2, "string", "Sets keys in one commit.", &S::set_many},
    {"multi", 1, C::kFast | C::kInMulti, 0, 0, 0, "transactions", "Begins to queue writes.", &S::multi},
    {"ping", -1, C::kFast, 0, 0, 0, "connection", "Answers PONG, or its word.", &S::ping},
    {"quit", -1, C::kFast | C::kInMulti, 0, 0, 0, "connection", "Closes the connection.", &S::quit},
    {"reset", 1, C::kFast | C::kInMulti, 0, 0, 0, "connection", "Makes the connection as new.", &S::reset},
    {"scan", -2, C::kRead, 0, 0, 0, "generic", "Lists keys, some at a time.", &S::scan},
    {"select", 2, C::kFast, 0, 0, 0, "connection", "Accepts database 0, the only one.", &S::select},
    {"set", -3, C::kWrite, 1, 1, 1, "string", "Sets a key.", &S::set},
    {"setnx", 3, C::kWrite | C::kFast, 1, 1, 1, "string", "Sets a key that is absent here.", &S::set_if_absent},
    {"strlen", 2, C::kRead | C::kFast, 1, 1, 1, "string", "Answers the length of a value.", &S::length},
    {"type", 2, C::kRead | C::kFast, 1, 1, 1, "generic", "Answers string, hash or none.", &S::type},
    {"unlink", -2, C::kWrite | C::kFast, 1, -1, 1, "generic", "Deletes keys.", &S::remove},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

const std::vector<RespCommand>& resp_commands() { return kCommands; }

const RespCommand* find_resp_command(ByteSpan name) {
  char text[16];
  if (name.size() > sizeof(text)) return nullptr;
  std::transform(name.begin(), name.end(), text, lower);
  const std::string_view wanted(text, name.size());
  const auto at = std::lower_bound(kCommands.begin(), kCommands.end(), wanted,
                                   [](const RespCommand& command, std::string_view n) { return command.name < n; });
  return at != kCommands.end() && at->name == wanted ? &*at : nullptr;
}

void append_command_info(const RespCommand& command, RespWriter& to) {
  to.array(10);
  to.bulk(command.name);
  to.integer(command.arity);
  const bool writes = (command.flags & C::kWrite) != 0;
  const bool reads = (command.flags & C::kRead) != 0;
  const bool fast = (command.flags & C::kFast) != 0;
  to.set(static_cast<std::size_t>(writes) + static_cast<std::size_t>(reads) + static_cast<std::size_t>(fast));
  if (writes) to.simple("write");
  if (reads) to.simple("readonly");
  if (fast) to.simple("fast");
  to.integer(command.first_key);
  to.integer(command.last_key);
  to.integer(command.key_step);
  to.set(0);    // ACL categories
  to.array(0);  // tips
  to.array(0);  // key specifications
  to.array(0);  // subcommands
}

void append_command_docs(const RespCommand& command, RespWriter& to) {
  to.map(2);
  to.bulk("summary");
  to.bulk(command.summary);
  to.bulk("group");
  to.bulk(command.group);
}

}  // namespace pando::api
