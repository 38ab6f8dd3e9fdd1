// model/field_end.h — a field with an end of its own: a column of a row, or a field of a document with all in it.
//
// Ends of both are kExpiry cells of their key, with the field as element. They are told apart by their bytes: the path
// of a field of a document ends with a zero (model/document.h), and a column with a zero in its name can have no end.
// So no end of a column lies within a field of a document, and what lies in a field is a question of names alone.
#pragma once

#include "model/op.h"

namespace pando {

// Otherwise it is the path of a field of a document.
bool is_column_end(ByteSpan field);
// kInvalidArgument: a column with a zero byte in its name can have no end.
Status validate_column_end(ByteSpan column);

// The cell that an op writes; of a ClearOp its key.
CellPath path_in(const Op& op);
// The fields that a cell lies in, outermost first: each may have an end. None but for columns, for what documents hold,
// and for the ends of such.
std::vector<ByteSpan> fields_around(const CellPath& path);

// The cells of a field with its end and the ends of all that lies in it: those of these kinds whose element is the
// field or, for a field of a document, starts with it.
std::uint32_t kinds_of_field(ByteSpan field);
// Takes them away as far as `observed` covers them, counters whole: the field begins anew.
ClearOp clear_of_field(std::string table, Bytes key, Bytes field, VersionVector observed);

}  // namespace pando
