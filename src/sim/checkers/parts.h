// sim/checkers/parts.h — sites that do not hold all tables: what is shared is equal, and what stays does stay.
//
// Of each table, for a site that does not hold the namespace whole and each that does:
//
//   it takes the table                  both show the same of it
//   it only publishes it                what it wrote and still shows is shown there, by the same commits
//   neither                             nothing of what it wrote is shown there
// What a site takes is asked of it: it may have come to take more while it ran.
#pragma once

#include <map>

#include "sim/checkers/checker.h"

namespace pando::sim {

// Tables that are looked at: those of random clients, and those of edges (sim/edge_work.h).
inline constexpr std::string_view kTableAlerts = "alerts";
inline constexpr std::string_view kTableReadings = "readings";

class Parts final : public Checker {
 public:
  std::string_view name() const override { return "parts"; }
  void at_end() override;

 private:
  struct Row {
    std::string text;  // what, and by which commit
    std::string node;  // whose
    friend bool operator==(const Row&, const Row&) = default;
  };
  using Rows = std::map<Bytes, Row>;  // by key
  Rows rows_of(Machine& machine, const std::string& ns, std::string_view table);
  // As it is now, with everything of it there.
  TableScope scope_of(Machine& machine, const std::string& ns);
  void compare(const std::string& ns, Machine& part, const TableScope& tables, Machine& whole);
};

}  // namespace pando::sim
