// model/restore.h — Mutation::detail: what lost a merge, made what reads show again.
#pragma once

#include <optional>

#include "model/path.h"

namespace pando {

// Key and table are those of the mutation.
struct RestoreValue {
  CellKind kind = CellKind::kRegister;
  Bytes element;
  std::optional<Bytes> value;
  // Of a type clash: the key becomes of this type again. What hides it is taken away; where nothing of it is left, the
  // value, if there is one, is written again.
  std::optional<ValueType> type = {};
};

}  // namespace pando
