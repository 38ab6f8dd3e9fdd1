// model/table_declaration.h — what a namespace has agreed on for one of its tables.
//
// Declarations are replicated data: cells of table `.tables`, key = table name, one field per property, so that two
// sites that change different properties at once both get their way. A table nobody declared has the defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/path.h"

namespace pando {

inline constexpr std::string_view kTableTables = ".tables";

// Which of several concurrent values of a register reads show. All of them stay until a write that saw them.
enum class Resolver : std::uint8_t {
  kLww,             // the largest by (stamp, origin, bytes)
  kMax,             // the largest number, or the bytewise largest where one is no number
  kMin,             // the smallest likewise
  kFirstWins,       // the smallest by (stamp, origin, bytes)
  kOriginPriority,  // of the origin that stands first in `origins`, then as kLww
  kMulti,           // as kLww, and reads name the others beside it
};
enum class Wins : std::uint8_t { kAdd, kRemove };

struct TableDeclaration {
  Resolver resolver = Resolver::kLww;
  std::vector<std::string> origins;       // node names, kOriginPriority
  Wins sets = Wins::kAdd;                 // of a member that is added and removed at once
  Wins flags = Wins::kAdd;                // kAdd: enabling wins; kRemove: disabling wins
  bool grow_only = false;                 // counters refuse to go down, and to be reset
  std::optional<std::int64_t> ttl_ms;     // of a key from its last write, unless the write says otherwise
  std::optional<std::string> durability;  // text of a Durability (model/terms.h): for writes that name none
  std::optional<ValueType> default_type;  // for people and tools; other types are not refused
  bool publish = true;                    // to peers
  bool subscribe = true;                  // from peers

  // Each site has its own: what is written in the table does not leave the node. Once declared so it stays so.
  bool local() const { return !publish || !subscribe; }

  friend bool operator==(const TableDeclaration&, const TableDeclaration&) = default;
};

// What is declared of one table, or of all that have a declaration.
struct GetDeclarationRequest {
  std::string table;
};
struct ListDeclarationsRequest {};
struct DeclarationsReply {
  struct Item {
    std::string table;
    bool declared = false;  // false: all defaults
    // Name and text of every property, in the order of docs/http.md.
    std::vector<std::pair<std::string_view, std::string>> properties;
  };
  std::vector<Item> items;  // by name
};

}  // namespace pando
