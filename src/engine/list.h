// engine/list.h — deciding what clients do to lists (model/list.h).
#pragma once

#include "engine/draft.h"
#include "model/list.h"

namespace pando::engine {

Status decide(Draft& draft, const Mutation& mutation, const ListPush& push);
Status decide(Draft& draft, const Mutation& mutation, const ListInsert& insert);
Status decide(Draft& draft, const Mutation& mutation, const ListPop& pop);
Status decide(Draft& draft, const Mutation& mutation, const ListSet& set);
Status decide(Draft& draft, const Mutation& mutation, const ListCut& cut);
Status decide(Draft& draft, const Mutation& mutation, const ListRemove& remove);
Status decide(Draft& draft, const Mutation& mutation, const ListMove& move);

}  // namespace pando::engine
