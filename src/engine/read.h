// engine/read.h — answers to requests that one namespace's cells can give: one overload per request.
//
// Pure: everything comes from the view, which gathers what the answer depends on (View::touched()). kWrongType when the
// key reads as another type, kInvalidArgument for names that break a rule, or a failure of the store.
#pragma once

#include <concepts>

#include "engine/view.h"
#include "model/reply.h"

namespace pando::engine {

Result<ReplyBody> read(View& view, const GetRequest& request);
Result<ReplyBody> read(View& view, const GetRowRequest& request);
Result<ReplyBody> read(View& view, const CountFieldsRequest& request);
Result<ReplyBody> read(View& view, const GetCounterRequest& request);
Result<ReplyBody> read(View& view, const ListMembersRequest& request);
Result<ReplyBody> read(View& view, const HasMemberRequest& request);
Result<ReplyBody> read(View& view, const CountMembersRequest& request);
Result<ReplyBody> read(View& view, const GetFlagRequest& request);
Result<ReplyBody> read(View& view, const GetScoresRequest& request);
Result<ReplyBody> read(View& view, const GetRankRequest& request);
Result<ReplyBody> read(View& view, const ListScoresRequest& request);
Result<ReplyBody> read(View& view, const CountScoresRequest& request);
Result<ReplyBody> read(View& view, const GetItemsRequest& request);
Result<ReplyBody> read(View& view, const FindItemsRequest& request);
Result<ReplyBody> read(View& view, const GetTtlRequest& request);
Result<ReplyBody> read(View& view, const ListConflictsRequest& request);
Result<ReplyBody> read(View& view, const ListRequest& request);
Result<ReplyBody> read(View& view, const GetTypeRequest& request);
Result<ReplyBody> read(View& view, const GetEtagRequest& request);
Result<ReplyBody> read(View& view, const ScanKeysRequest& request);
Result<ReplyBody> read(View& view, const CountKeysRequest& request);
Result<ReplyBody> read(View& view, const CountSketchRequest& request);
Result<ReplyBody> read(View& view, const RangeEntriesRequest& request);
Result<ReplyBody> read(View& view, const GetBoundedRequest& request);
Result<ReplyBody> read(View& view, const GetLimiterRequest& request);
Result<ReplyBody> read(View& view, const GetLeaseRequest& request);
Result<ReplyBody> read(View& view, const ListLeasesRequest& request);
Result<ReplyBody> read(View& view, const CountLeasesRequest& request);
Result<ReplyBody> read(View& view, const GetDocumentRequest& request);
// Looks at a bounded number of cells and answers where it stopped.
Result<ReplyBody> read(View& view, const ListDocumentsRequest& request);
Result<ReplyBody> read(View& view, const GetDeclarationRequest& request);
Result<ReplyBody> read(View& view, const ListDeclarationsRequest& request);
Result<ReplyBody> read(View& view, const ExplainRequest& request);
Result<ReplyBody> read(View& view, const LobStatRequest& request);
Result<ReplyBody> read(View& view, const LobChunkRequest& request);

// Keys of a table that begin with `prefix`, in byte order, up to `count_max`.
Result<std::vector<Bytes>> keys_of(View& view, std::string_view table, ByteSpan prefix, std::size_t count_max);

// The requests that have such an overload.
template <typename T>
concept Readable = requires(View& view, const T& request) {
  { read(view, request) } -> std::same_as<Result<ReplyBody>>;
};

}  // namespace pando::engine
