#include "store/cell_table.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>

#include "base/prng.h"
#include "store/cells.h"

namespace pando::store::cell_table_test {
namespace {

TEST(CellTable, IsEmptyAtFirst) {
  const CellTable table;
  EXPECT_EQ(table.find("a"), nullptr);
  EXPECT_EQ(table.size(), 0u);
}

TEST(CellTable, CellsStayWhereTheyAre) {
  CellTable table;
  Cell* const first = &table.insert("first", Cell(CellKind::kCounter));
  for (int i = 0; i < 10'000; ++i) table.insert(fmt::format("k{}", i), Cell(CellKind::kRegister));
  EXPECT_EQ(table.find("first"), first);
  EXPECT_EQ(first->kind(), CellKind::kCounter);
  EXPECT_EQ(table.find("k10000"), nullptr);
}

// Against a map, with as many erasures as insertions, so that runs of full slots join and part.
TEST(CellTable, AgreesWithAMap) {
  CellTable table;
  std::map<Bytes, Cell*> model;
  Prng random(7);
  for (int i = 0; i < 200'000; ++i) {
    // Empty, short, with zeros: any bytes.
    const Bytes key(random.next() % 3, static_cast<char>(random.next() % 60));
    const auto known = model.find(key);
    ASSERT_EQ(table.find(key), known == model.end() ? nullptr : known->second);
    if (known == model.end()) {
      model.emplace(key, &table.insert(key, Cell(CellKind::kRegister)));
    } else {
      table.erase(*known->second);
      model.erase(known);
    }
    ASSERT_EQ(table.size(), model.size());
  }
  for (const auto& [key, cell] : model) EXPECT_EQ(table.find(key), cell);
}

}  // namespace
}  // namespace pando::store::cell_table_test
