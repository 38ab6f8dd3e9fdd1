#include "apply/laws_menu.h"

#include "crdt/counter.h"
#include "model/expiry.h"
#include "model/field_end.h"
#include "model/lob_manifest.h"
#include "model/presence.h"
#include "store/cell_cursor.h"

namespace pando::apply::laws {

void Desk::put(const CellPath& path, Bytes value) {
  const auto* reg = cells_.find_register(path).value();
  commit_.ops.push_back(PutOp{path, std::move(value), reg == nullptr ? std::vector<Dot>{} : reg->dots()});
}

void Desk::remove(const CellPath& path) {
  const auto* reg = cells_.find_register(path).value();
  if (reg != nullptr) commit_.ops.push_back(RemoveOp{path, reg->dots()});
}

void Desk::count(const CellPath& path, int delta) {
  const auto* counter = cells_.find_counter(path).value();
  commit_.ops.push_back(
      crdt::add_op(counter == nullptr ? crdt::Counter() : *counter, path, commit_.dot, delta).value());
}

void Desk::reset(const CellPath& path) {
  const auto* counter = cells_.find_counter(path).value();
  if (counter != nullptr) commit_.ops.push_back(crdt::reset_op(*counter, path));
}

void Desk::clear(std::uint32_t kinds, Bytes prefix, bool forget_counters, std::string table) {
  commit_.ops.push_back(ClearOp{std::move(table), key_, cells_.context(), kinds, std::move(prefix), forget_counters});
}

void Desk::clear_field(Bytes field) {
  commit_.ops.push_back(clear_of_field("kv", key_, std::move(field), cells_.context()));
}

void Desk::clear_all() {
  clear();
  std::vector<CellPath> counters;
  for (auto at = cells_.scan_key("kv", key_); at.valid(); at.next()) {
    if (is_counter(at.path().kind)) counters.push_back(at.path());
  }
  for (const CellPath& path : counters) reset(path);
}

namespace {

constexpr std::uint32_t bit(CellKind kind) { return 1U << static_cast<unsigned>(kind); }
constexpr std::uint32_t kDocument =
    bit(CellKind::kNode) | bit(CellKind::kLeaf) | bit(CellKind::kLeafCounter) | bit(CellKind::kLeafMember);

std::vector<Menu> make_menus() {
  using K = CellKind;
  const Action gone{"delete", [](Desk& d) { d.clear_all(); }};
  return {
      {"values and counters",
       {{"put", [](Desk& d) { d.put(d.at(K::kRegister), d.name()); }},
        {"count up", [](Desk& d) { d.count(d.at(K::kCounter), 3); }},
        {"reset", [](Desk& d) { d.reset(d.at(K::kCounter)); }},
        {"down beside a value",
         [](Desk& d) {
           d.count(d.at(K::kDecimal), -1);
           d.put(d.at(K::kRegister), d.name());
         }},
        gone}},
      {"sets and flags",
       {{"add", [](Desk& d) { d.put(d.at(K::kMember, "m"), ""); }},
        {"remove", [](Desk& d) { d.remove(d.at(K::kMember, "m")); }},
        {"guard on, flag on",
         [](Desk& d) {
           d.put(d.at(K::kGuardedMember, "m"), Bytes(kGuardOn));
           d.put(d.at(K::kFlag), "");
         }},
        {"guard off, flag off",
         [](Desk& d) {
           d.put(d.at(K::kGuardedMember, "m"), Bytes(kGuardOff));
           d.put(d.at(K::kGuard), Bytes(kGuardOff));
           d.remove(d.at(K::kFlag));
         }},
        gone}},
      {"rows and objects",
       {{"two columns",
         [](Desk& d) {
           d.put(d.at(K::kField, "x", "row"), d.name());
           d.put(d.at(K::kField, "y", "row"), d.name());
         }},
        {"row anew",
         [](Desk& d) {
           d.clear(0, {}, false, "row");
           d.put(d.at(K::kField, "x", "row"), d.name());
         }},
        {"drop a column", [](Desk& d) { d.remove(d.at(K::kField, "x", "row")); }},
        {"object",
         [](Desk& d) {
           d.put(chunk_path(d.name(), 0), "bytes of " + d.name());
           d.put(d.at(K::kRegister, "", "lob"), encode_lob_manifest({d.name(), 5, 1, 0}));
         }},
        {"no object", [](Desk& d) { d.clear(0, {}, false, "lob"); }}}},
      {"sorted sets",
       {{"score", [](Desk& d) { d.put(d.at(K::kScore, "m"), d.name()); }},
        {"add to the score", [](Desk& d) { d.count(d.at(K::kScoreDelta, "m"), 2); }},
        {"score anew",
         [](Desk& d) {
           d.put(d.at(K::kScore, "m"), d.name());
           d.reset(d.at(K::kScoreDelta, "m"));
         }},
        {"take out",
         [](Desk& d) {
           d.remove(d.at(K::kScore, "m"));
           d.reset(d.at(K::kScoreDelta, "m"));
         }},
        gone}},
      {"documents",
       {{"object with a scalar",
         [](Desk& d) {
           d.put(d.at(K::kNode, "a/"), "");
           d.put(d.at(K::kLeaf, "a/b"), d.name());
         }},
        {"number within", [](Desk& d) { d.count(d.at(K::kLeafCounter, "a/n"), 2); }},
        {"member within, scalar beside",
         [](Desk& d) {
           d.put(d.at(K::kLeafMember, "a/s\x01m"), "");
           d.put(d.at(K::kLeaf, "c"), d.name());
         }},
        {"remove the object",
         [](Desk& d) {
           d.clear(kDocument, "a/");
           d.reset(d.at(K::kLeafCounter, "a/n"));
         }},
        {"give the object up", [](Desk& d) { d.clear(kDocument, "a/", true); }}}},
      {"lists, leases, bounds",
       {{"insert", [](Desk& d) { d.put(d.at(K::kItem, d.name()), d.name()); }},
        {"pop",
         [](Desk& d) {
           auto at = d.cells().scan_kinds("kv", "key", K::kItem);
           if (!at.valid() || at.path().kind != K::kItem) return;
           const CellPath first = at.path();
           d.remove(first);
         }},
        {"hold a lease",
         [](Desk& d) {
           d.put(d.at(K::kLease, "m"), encode_lease({7, d.name()}));
         }},
        {"own part of a bound", [](Desk& d) { d.put(d.at(K::kBound, d.name().substr(0, 1)), d.name()); }},
        gone}},
      {"sketches and streams",
       {{"raise a part", [](Desk& d) { d.put(d.at(K::kSketch, Bytes(1, '\0')), "\x01" + d.name().substr(0, 1)); }},
        {"add an entry", [](Desk& d) { d.put(d.at(K::kEntry, d.name()), d.name()); }},
        {"add the same entry", [](Desk& d) { d.put(d.at(K::kEntry, "id"), d.name()); }},
        {"take it out, and mark it",
         [](Desk& d) {
           d.remove(d.at(K::kEntry, "id"));
           d.put(d.at(K::kEntry), d.name());
         }},
        gone}},
      {"presences and limiters",
       {{"renew a lease, and the end of the key",
         [](Desk& d) {
           d.put(d.at(K::kLease, "m"), encode_lease({7, d.name()}));
           d.put(d.at(K::kExpiry), encode_expiry(1'000));
         }},
        {"leave", [](Desk& d) { d.remove(d.at(K::kLease, "m")); }},
        {"own meter", [](Desk& d) { d.put(d.at(K::kBound, "p" + d.name().substr(0, 1)), d.name()); }},
        {"remove the own meter", [](Desk& d) { d.remove(d.at(K::kBound, "p" + d.name().substr(0, 1))); }},
        {"declare anew",
         [](Desk& d) {
           d.clear(bit(K::kBound));
           d.put(d.at(K::kBound), d.name());
         }}}},
      {"expiry",
       {{"put with an end",
         [](Desk& d) {
           d.put(d.at(K::kRegister), d.name());
           d.put(d.at(K::kExpiry), encode_expiry(1'000));
         }},
        {"extend", [](Desk& d) { d.put(d.at(K::kExpiry), encode_expiry(2'000)); }},
        {"count", [](Desk& d) { d.count(d.at(K::kCounter), 1); }},
        {"forever", [](Desk& d) { d.put(d.at(K::kExpiry), encode_expiry(kNeverExpires)); }},
        {"begin anew",
         [](Desk& d) {
           d.clear(0, {}, true);
           d.put(d.at(K::kRegister), d.name());
         }}}},
      {"columns and fields that end",
       {{"two columns, one with an end",
         [](Desk& d) {
           d.put(d.at(K::kField, "x"), d.name());
           d.put(d.at(K::kExpiry, "x"), encode_expiry(1'000));
           d.put(d.at(K::kField, "xy"), d.name());
         }},
        {"never",
         [](Desk& d) {
           d.put(d.at(K::kField, "x"), d.name());
           d.put(d.at(K::kExpiry, "x"), encode_expiry(kNeverExpires));
         }},
        {"column anew",
         [](Desk& d) {
           d.clear_field("x");
           d.put(d.at(K::kField, "x"), d.name());
         }},
        {"field with a number, and its end",
         [](Desk& d) {
           d.count(d.at(K::kLeafCounter, Bytes("x\0n\0", 4)), 2);
           d.put(d.at(K::kExpiry, Bytes("x\0", 2)), encode_expiry(1'000));
         }},
        {"field anew",
         [](Desk& d) {
           d.clear_field(Bytes("x\0", 2));
           d.put(d.at(K::kLeaf, Bytes("x\0n\0", 4)), d.name());
         }},
        gone}},
  };
}

}  // namespace

const std::vector<Menu>& menus() {
  static const std::vector<Menu> all = make_menus();
  return all;
}

}  // namespace pando::apply::laws
