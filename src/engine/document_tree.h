// engine/document_tree.h — what the cells of one document show.
//
// Of a field that sites wrote differently at once all is kept, and reads show the first of: an object, a set, a number
// that was added to, a plain value. Concurrent plain values resolve as the table says; numbers written by max and min
// then raise or lower the one that is left. What was added counts on top of whatever number the field has.
//
// A field whose object went away while something below it was written is an object again.
#pragma once

#include <map>
#include <optional>

#include "engine/view.h"
#include "model/document.h"

namespace pando::engine {

// The JSON text that a kLeaf cell shows; nothing when it is empty.
std::optional<Bytes> leaf_text(const crdt::Register& reg, const TableDeclaration& table);
// The number at a field: its leaf, when that is a number, and what was added to it. Nothing when there is neither, or
// the leaf holds something else or a number that cannot be added to.
std::optional<Int128> field_units(const std::optional<Bytes>& leaf, const crdt::Counter& counter);

class DocumentTree {
 public:
  explicit DocumentTree(const TableDeclaration& table) : table_(table) {}

  // Cells of other kinds, and elements that are no paths, are passed over.
  void add(const CellPath& path, const store::Cell& cell);
  void add_register(CellKind kind, ByteSpan element, const crdt::Register& reg);
  void add_counter(ByteSpan element, const crdt::Counter& counter);

  bool empty() const { return fields_.empty(); }
  std::size_t cells() const { return cells_; }
  // What reads show; empty when there is no document.
  Document document() const;
  // Whether the field holds more than is shown.
  bool clashes(ByteSpan path) const;

 private:
  struct Field {
    bool object = false;
    std::optional<Bytes> leaf = {};
    std::optional<crdt::Counter> counter = {};
    std::vector<Bytes> members = {};
  };
  Field& field(ByteSpan path);

  const TableDeclaration& table_;
  std::map<Bytes, Field, std::less<>> fields_;
  std::size_t cells_ = 0;
};

}  // namespace pando::engine
