#include "api/resp_command.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace pando::api {
namespace {

using C = RespCommand;

constexpr std::size_t kNameBytesMax = 16;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Places by a hash of the name, the next free one when it is taken.
class Names {
 public:
  explicit Names(const std::vector<RespCommand>& all) {
    for (const RespCommand& one : all) {
      CHECK(one.name.size() <= kNameBytesMax);
      std::size_t at = place(one.name);
      while (places_[at] != nullptr) at = (at + 1) % places_.size();
      places_[at] = &one;
    }
  }
  const RespCommand* find(std::string_view name) const {
    std::size_t at = place(name);
    while (places_[at] != nullptr && places_[at]->name != name) at = (at + 1) % places_.size();
    return places_[at];
  }

 private:
  std::size_t place(std::string_view name) const {
    std::uint32_t hash = 2166136261U;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
    return (hash ^ hash >> 15U) % places_.size();
  }

  std::array<const RespCommand*, 1024> places_{};
};

std::vector<RespCommand> gather() {
  std::vector<RespCommand> all;
  for (RespFamily (*family)() : {&resp_connection_commands,
                                 &resp_server_commands,
                                 &resp_transaction_commands,
                                 &resp_pubsub_commands,
                                 &resp_key_commands,
                                 &resp_expiry_commands,
                                 &resp_string_commands,
                                 &resp_number_commands,
                                 &resp_bit_commands,
                                 &resp_hash_commands,
                                 &resp_set_commands,
                                 &resp_sorted_set_commands,
                                 &resp_sorted_set_range_commands,
                                 &resp_sorted_set_join_commands,
                                 &resp_list_commands,
                                 &resp_pop_commands,
                                 &resp_sketch_commands,
                                 &resp_stream_commands,
                                 &resp_stream_read_commands,
                                 &resp_wait_commands}) {
    for (const RespCommand& one : family()) all.push_back(one);
  }
  std::sort(all.begin(), all.end(), [](const C& a, const C& b) { return a.name < b.name; });
  return all;
}

}  // namespace

const std::vector<RespCommand>& resp_commands() {
  static const std::vector<RespCommand> kAll = gather();
  return kAll;
}

const RespCommand* find_resp_command(ByteSpan name) {
  static const Names kNames(resp_commands());
  char text[kNameBytesMax];
  if (name.size() > sizeof(text)) return nullptr;
  std::transform(name.begin(), name.end(), text, lower);
  return kNames.find({text, name.size()});
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
