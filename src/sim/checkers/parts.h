// sim/checkers/parts.h — sites that do not hold all tables: what is shared is equal, and what stays does stay.
//
// Of each table, for a site that does not hold the namespace whole and each that does:
//
//   it takes the table                  both show the same of it
//   it only publishes it                what it wrote and still shows is shown there, by the same commits
//   neither                             nothing of what it wrote is shown there
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
  using Rows = std::map<Bytes, std::string>;  // by key: who wrote it, and what
  Rows rows_of(Machine& machine, const std::string& ns, std::string_view table);
  void compare(const std::string& ns, Machine& part, const TableScope& tables, Machine& whole);
};

}  // namespace pando::sim
