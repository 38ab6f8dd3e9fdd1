// base/give_back.h — empties a string and gives its memory back.
//
// `bytes = Bytes()` empties it and keeps the memory: libstdc++ copies what a short string holds into the room that is
// there, and an empty one is short.
#pragma once

#include "base/bytes.h"

namespace pando {

inline void give_back(Bytes& bytes) { Bytes().swap(bytes); }

}  // namespace pando
