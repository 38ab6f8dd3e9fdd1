// The list of areas. Matching looks through them in this order, the busiest first.
#include "api/route.h"

namespace pando::api {

RouteTable::RouteTable(std::vector<Area> areas) : areas_(std::move(areas)) {
  for (const Area& area : areas_) {
    for (const RouteRow& row : area.rows) {
      std::vector<Group>& groups = row.path.in_namespace() ? in_namespace_ : at_root_;
      const std::string_view word = row.path.word();
      Group* group = nullptr;
      for (Group& known : groups) {
        if (known.word == word) group = &known;
      }
      if (group == nullptr) group = &groups.emplace_back(Group{word, area.bare_errors, {}});
      group->rows.push_back(&row);
    }
  }
}

const RouteTable& routes() {
  static const RouteTable table({
      kv_routes(),     row_routes(),      counter_routes(), set_routes(),      flag_routes(),  scores_routes(),
      list_routes(),   bounded_routes(),  limit_routes(),   presence_routes(), table_routes(), declaration_routes(),
      scope_routes(),  explain_routes(),  ttl_routes(),     lob_routes(),      tx_routes(),    tx_whole_routes(),
      merged_routes(), conflict_routes(), backup_routes(),  node_routes(),     about_routes(), process_routes(),
  });
  return table;
}

}  // namespace pando::api
