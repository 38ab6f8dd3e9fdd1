// model/restore.h — Mutation::detail: a value that lost a merge, written again in its place.
#pragma once

#include "model/path.h"

namespace pando {

// Key and table are those of the mutation.
struct RestoreValue {
  CellKind kind = CellKind::kRegister;
  Bytes element;
  Bytes value;
};

}  // namespace pando
