// Who replicates a namespace: draining the node that is asked, and retiring one that is gone.
#include "api/json_body.h"
#include "api/json_fields.h"
#include "api/reply_text.h"
#include "api/route.h"

namespace pando::api {
namespace {

Result<Request> parse_list_nodes(Call&, JsonBody&) { return Request(ListNodesRequest{}); }

Result<Request> parse_retire(Call& call, JsonBody& body) {
  RetireNodeRequest retire;
  retire.node = call.words.at(0);
  if (Status status = validate_node_name(retire.node); !status.ok()) return fail(std::move(status));
  if (body.empty()) return Request(std::move(retire));
  const auto object = body.object();
  if (!object) return fail(object.error());
  const Result<bool> dry_run = bool_field(*object, "dryRun");
  if (!dry_run) return fail(dry_run.error());
  retire.dry_run = *dry_run;
  const Result<bool> disk_lost = bool_field(*object, "diskLost");
  if (!disk_lost) return fail(disk_lost.error());
  retire.disk_lost = *disk_lost;
  return Request(std::move(retire));
}

template <DrainRequest::Change kChange>
Result<Request> parse_drain(Call&, JsonBody&) {
  return Request(DrainRequest{kChange});
}

void append_node(Bytes& out, const NodesReply::Node& node) {
  append_comma(out);
  out.push_back('{');
  append_field(out, "node", ByteSpan(node.name));
  append_field(out, "state", ByteSpan(node_state_name(node.state)));
  append_field(out, "epoch", node.epoch);
  append_field(out, "commits", node.commits);
  if (node.retired_epoch != 0) {
    append_name(out, "retired");
    out.push_back('{');
    append_field(out, "epoch", node.retired_epoch);
    append_field(out, "by", ByteSpan(node.retired_by));
    append_field(out, "atMs", static_cast<std::uint64_t>(node.retired_at_ms));
    out.push_back('}');
  }
  out.push_back('}');
}

void append_nodes(Bytes& out, const Call& call, const NodesReply& nodes) {
  out.push_back('{');
  append_field(out, "namespace", ByteSpan(call.ns));
  append_name(out, "nodes");
  out.push_back('[');
  for (const NodesReply::Node& node : nodes.nodes) append_node(out, node);
  out.append("]}");
}

void append_retired(Bytes& out, const Call& call, const RetireReply& retired) {
  out.push_back('{');
  append_field(out, "namespace", ByteSpan(call.ns));
  append_field(out, "node", ByteSpan(retired.node));
  append_field(out, "epoch", retired.epoch);
  append_flag(out, "done", retired.done);
  append_field(out, "commits", retired.commits);
  append_field(out, "missingCommits", retired.missing_commits);
  append_field(out, "counters", retired.counters);
  append_field(out, "rights", retired.rights);
  out.push_back('}');
}

void append_drain(Bytes& out, const Call& call, const DrainReply& drain) {
  out.push_back('{');
  append_field(out, "namespace", ByteSpan(call.ns));
  append_flag(out, "draining", drain.draining);
  append_flag(out, "safe", drain.safe);
  append_field(out, "transactions", drain.transactions);
  append_field(out, "counters", drain.counters);
  append_flag(out, "looking", drain.looking);
  append_name(out, "peers");
  out.push_back('[');
  for (const DrainReply::Peer& peer : drain.peers) {
    append_comma(out);
    out.push_back('{');
    append_field(out, "peer", ByteSpan(peer.name));
    append_field(out, "lacksCommits", peer.lacks_commits);
    out.push_back('}');
  }
  out.append("]}");
}

constexpr RouteRow kRows[] = {
    {.method = Method::kGet,
     .path = "/{ns}/nodes",
     .id = "nodes",
     .summary = "List the nodes that this one knows of, retired ones too",
     .answer = json("Nodes"),
     .parse = parse_list_nodes,
     .reply = reply_with<append_nodes>},
    {.method = Method::kPost,
     .path = "/{ns}/nodes/{node}/retire",
     .id = "node_retire",
     .summary = "Declare that a node is gone for good, so that nobody waits for it",
     .body = optional_json("Retire", R"({"dryRun":true})"),
     .answer = json("Retired"),
     .refusals = {404, 409, 500},
     .parse = parse_retire,
     .reply = reply_with<append_retired>},
    {.method = Method::kGet,
     .path = "/{ns}/drain",
     .id = "drain",
     .summary = "Read whether this node is drained, and what only it has",
     .answer = json("Drain"),
     .parse = parse_drain<DrainRequest::Change::kNone>,
     .reply = reply_with<append_drain>},
    {.method = Method::kPost,
     .path = "/{ns}/drain",
     .id = "drain_begin",
     .summary = "Take no more writes, and hand on what only this node has, so that it can be stopped",
     .answer = json("Drain"),
     .parse = parse_drain<DrainRequest::Change::kBegin>,
     .reply = reply_with<append_drain>},
    {.method = Method::kDelete,
     .path = "/{ns}/drain",
     .id = "drain_end",
     .summary = "Take writes again",
     .answer = json("Drain"),
     .parse = parse_drain<DrainRequest::Change::kEnd>,
     .reply = reply_with<append_drain>},
};

constexpr SchemaRow kSchemas[] = {
    {"Node",
     R"({"type":"object","required":["node","state","epoch","commits"],"properties":{"node":{"type":"string"},)"
     R"("state":{"enum":["self","linked","away","retired"]},"epoch":{"$ref":"Count"},"commits":{"$ref":"Count"},)"
     R"("retired":{"type":"object","description":"once, whether or not it came back","required":["epoch","by","atMs"],)"
     R"("properties":{"epoch":{"$ref":"Count"},"by":{"type":"string"},"atMs":{"$ref":"Count"}}}}})"},
    {"Nodes", R"({"type":"object","required":["namespace","nodes"],"properties":{"namespace":{"type":"string"},)"
              R"("nodes":{"type":"array","items":{"$ref":"Node"}}}})"},
    {"Retire", R"({"type":"object","properties":{"dryRun":{"type":"boolean",)"
               R"("description":"only say what would be lost"},"diskLost":{"type":"boolean",)"
               R"("description":"its disk will not come back"}}})"},
    {"Retired",
     R"({"type":"object","required":["namespace","node","epoch","done","commits","missingCommits","counters","rights"],)"
     R"("properties":{"namespace":{"type":"string"},"node":{"type":"string"},"epoch":{"$ref":"Count"},)"
     R"("done":{"type":"boolean"},"commits":{"$ref":"Count"},"missingCommits":{"$ref":"Count"},)"
     R"("counters":{"$ref":"Count"},"rights":{"$ref":"Count"}}})"},
    {"Drain",
     R"({"type":"object","required":["namespace","draining","safe","transactions","counters","looking","peers"],)"
     R"("properties":{"namespace":{"type":"string"},"draining":{"type":"boolean"},"safe":{"type":"boolean"},)"
     R"("transactions":{"$ref":"Count"},"counters":{"$ref":"Count"},"looking":{"type":"boolean"},)"
     R"("peers":{"type":"array","items":{"type":"object","required":["peer","lacksCommits"],"properties":{)"
     R"("peer":{"type":"string"},"lacksCommits":{"$ref":"Count"}}}}}})"},
};

}  // namespace

Area node_routes() {
  return {"nodes", "Who replicates the namespace; draining this node, and retiring one that is gone.", kRows, kSchemas};
}

}  // namespace pando::api
