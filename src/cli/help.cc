#include "cli/help.h"

#include <array>
#include <utility>

namespace pando::cli {
namespace {

constexpr std::string_view kOverview =
    R"(pando: an active-active state database. Write anywhere, replicate everywhere, be told of every change.

Servers                            (the configuration file: docs/configuration.md)
  pando -config FILE replicator    takes writes and replicates them        also: server
  pando -config FILE relayer       follows others, read-only, notifies     also: replica
  pando -config FILE relay         a relayer that others may follow        also: relayer -grpc

Data                               (of the node at --url, http://127.0.0.1:8001 unless given)
  pando put KEY VALUE              writes a value; VALUE - reads it from standard input
  pando get KEY                    prints a value
  pando delete KEY                 deletes a key
  pando incr KEY [BY]              adds to a counter and prints it
  pando watch [PREFIX]             prints every change as it happens
  pando status                     namespaces, positions and links of a node
  pando resync [PEER]              takes over what a peer has and a node lacks; --dry-run only says what differs
  pando scope                      which tables a node publishes and takes; changes that while it runs
  pando drain                      has a node take no more writes and hand on what only it has; says when it is safe to stop
  pando retire NODE                declares that a node is gone for good, so that nobody waits for it
  pando nodes                      who replicates, who is away, who is retired
  pando backup FILE                writes what one causal context covers into a file, while writes go on
  pando restore FILE               merges a backup into a running node, or --into a new directory, also as a clone

Tools
  pando crdt-client                watches a relayer over ZeroMQ and shows the state converge
  pando log inspect DIR            prints the records of a log
  pando sim --topology FILE        what if? plays faults on a simulated fleet of yours
  pando version
  pando help COMMAND               explains one command, with examples

Flags may be written -config X, --config X, -config=X or -c X, before or after the command.
Exit codes: 0 done · 1 did not work (no answer, refused, not found) · 2 the command line or configuration is wrong
)";

constexpr std::string_view kServe =
    R"(pando -config FILE replicator      takes writes and replicates them         (also: server)
pando -config FILE relayer         follows others, read-only, notifies      (also: replica)
pando -config FILE relay           a relayer that others may follow         (also: relayer -grpc)

  -config, -c FILE      the configuration, TOML; ./config.toml unless given. docs/configuration.md has every key.
                        Keys without effect are warnings; values that cannot be used are errors with file and line.
  -ports-file FILE      writes the bound addresses as JSON once everything is up (for port 0 in tests)
  -grpc, -G             with relayer: serve gRPC, that is, be a relay

Prints one line per listener and namespace on standard output when it is ready, its log on standard error.
SIGTERM and SIGINT stop it: what was taken in becomes durable, streams end, exit code 0. A second signal ends it at once.

  pando -config examples/crdt-multi-dc/configs/dc1.toml replicator
  pando relayer -c examples/crdt-multi-dc/configs/relayer.toml
)";

constexpr std::string_view kTarget = R"(
  --url URL             the node, http://127.0.0.1:8001 unless given
  --ns NAMESPACE        may be left out when the node has only one
)";

constexpr std::string_view kGet =
    R"(pando get KEY          prints the value of a key, its bytes and nothing else (a newline is added on a terminal)

  --raw                 in a merge group: what was written to this namespace, not the group's winner
  --json                the server's answer as it is
)";
constexpr std::string_view kGetExamples = R"(
  pando get lww:user-status --ns ad-campaign-dc1
  pando get photo > photo.jpg

A missing key is said on standard error, with exit code 1.
)";

constexpr std::string_view kPut = R"(pando put KEY VALUE    writes a value, and returns when it is on disk

  VALUE -               the value is standard input, to its end; any bytes
  --                    what follows is never a flag: pando put -- KEY -5
)";
constexpr std::string_view kPutExamples = R"(
  pando put greeting hello
  pando put photo - < photo.jpg
)";

constexpr std::string_view kDelete =
    R"(pando delete KEY       deletes a key, whatever its type; a missing one is fine     (also: del)
)";
constexpr std::string_view kDeleteExamples = R"(
  pando delete greeting
)";

constexpr std::string_view kIncr =
    R"(pando incr KEY [BY]    adds BY (1 unless given, may be negative) to a counter and prints its value here

Counters add up however many sites write them at once.
)";
constexpr std::string_view kIncrExamples = R"(
  pando incr page-views
  pando incr stock -5 --url http://berlin:8001
)";

constexpr std::string_view kWatch =
    R"(pando watch [PREFIX]   prints every change of keys that begin with PREFIX (all, unless given), until interrupted

  --cursor CURSOR       resumes right after an event, without a gap; --json shows each event's cursor
  --count N             leaves after N events
  --json                one JSON object per line
)";
constexpr std::string_view kWatchExamples = R"(
  pando watch
  pando watch lww: --json | jq .key
)";

constexpr std::string_view kStatus = R"(pando status           namespaces, log positions and links of a node

  --json                one JSON object
)";
constexpr std::string_view kStatusExamples = R"(
  pando status --url http://127.0.0.1:8003
  pando status --json | jq '.namespaces[].links'

Exit code 1 when the node does not answer or a namespace does not serve.
)";

constexpr std::string_view kResync =
    R"(pando resync [PEER]    has the node compare all of its cells with a peer's, and merges in what the peer has

  PEER                  the peer's node name; may be left out where there is only one
  --dry-run             changes nothing: prints, per table, how many keys and bytes differ
  --json                one JSON object
)";
constexpr std::string_view kResyncExamples = R"(
  pando resync dc2 --dry-run
  pando resync --ns ad-campaign-dc1

Nothing is replaced: what only the node has stays, what either side deleted stays deleted. Nodes do this by themselves when
a log does not reach (docs/operations.md).
)";

constexpr std::string_view kScope =
    R"(pando scope            prints which tables of the namespace the node publishes and takes, and changes that while it runs

  --subscribe TABLES    from now on takes these tables from others, and no others: names with commas between, * for
                        all, none for none. Of one that was not taken before, what was written earlier arrives from a
                        peer that has it; until then requests for it are answered 503
  --publish TABLES      from now on what is written here in these tables goes to others. What was written in one while
                        it was this node's own would never follow: the node refuses until it is deleted
  --discard             tables taken anew may replace what this node wrote in them while they were its own
  --json                one JSON object
)";
constexpr std::string_view kScopeExamples = R"(
  pando scope --ns plant
  pando scope --ns plant --subscribe thresholds,limits
  pando scope --ns plant --subscribe thresholds --publish none

It lasts over restarts, until the configuration file says something else than it did (docs/edge.md).
)";

constexpr std::string_view kDrain =
    R"(pando drain            has the node take no more writes and hand on what only it has; returns when it is safe to stop

  --undo                takes writes again
  --timeout DURATION    how long to wait for it (500ms, 10s, 10m); 10m unless given. The node goes on draining then
  --json                one JSON array, an object per namespace
)";
constexpr std::string_view kDrainExamples = R"(
  pando drain --url http://dc3:8001 && ssh dc3 systemctl stop pando
  pando drain --undo --url http://dc3:8001

Writes of clients are refused (503 unavailable, LOADING for Redis), so that they go elsewhere; open transactions may still
commit, reads and watches go on. The rights it holds of bounded counters go to its peers. It is safe to stop once every
linked peer that takes all tables, one at least, has all of its commits on disk: with exit code 0 nothing is lost even if
its disk is. Without --ns all namespaces of the node are drained. A restarted node takes writes again.
)";

constexpr std::string_view kRetire =
    R"(pando retire NODE      declares, at a node that stays, that NODE is gone for good: nobody waits for it any more

  NODE                  the name of the node that is gone
  --yes                 does it; without, it only says what would be lost
  --disk-lost           its disk is lost with it: nobody waits for what only that disk has whole, and it is refused
                        should it be started after all
  --json                one JSON array, an object per namespace
)";
constexpr std::string_view kRetireExamples = R"(
  pando retire dc3                                  what would be lost
  pando retire dc3 --yes --url http://dc1:8001
  pando retire dc3 --disk-lost --yes

Every site hears of it. Logs are no longer kept for NODE, what has ended is freed without it, sites:n does not count it.
What it wrote stays. Rights of bounded counters that it held are out of use, as it may have used them unseen: so drain a
node first if it can still be reached. Also take its address out of the configuration of its peers.

There is nothing to undo: if NODE is ever started again, with its old disk or an empty one, it is sent what it lacks, goes
on under its next epoch by itself, and what it had written and nobody had seen is merged in. Nothing that was deleted or
has ended meanwhile comes back with it.

With --disk-lost there is no way back for that disk: an empty directory may take its place. Say it when you know, now or
later, and merge the last backup of NODE before, if there is one. Needed only where a site that takes some tables is all
that is left of what NODE wrote last: what that site writes then waits at the others, until you say it.
)";

constexpr std::string_view kNodes =
    R"(pando nodes            who replicates the namespaces of a node: linked, away, or retired

  --json                one JSON array, an object per namespace
)";
constexpr std::string_view kNodesExamples = R"(
  pando nodes --url http://dc1:8001
)";

constexpr std::string_view kBackup =
    R"(pando backup FILE      has the node write a backup of the namespace: exactly what one context covers, in one file

  FILE                  below the node's backup root ([http] backup_root); there must be no such file yet
  --json                one JSON object
)";
constexpr std::string_view kBackupExamples = R"(
  pando backup monday/ad.backup --ns ad

Nothing is stopped: writes go on, and what they write belongs to the next backup. The file is there when it is whole. It is
one file to copy away; every block of it has a checksum. See: pando help restore
)";

constexpr std::string_view kRestore =
    R"(pando restore FILE              merges a backup into a running node; FILE is below its backup root
pando restore FILE --into DIR   makes a data directory of it; FILE is any path, and no process may have DIR open

  --into DIR            a data directory without the namespace; made when missing
  --as merge            (unless said otherwise) it belongs to the cluster it was made in, and joins the others again
  --as clone            it begins a cluster of its own: neither it nor what it was made of takes links of the other
  --table TABLE         of a running node: keys of this table that are gone are written again; what is there stays.
                        With --as clone: only this table is taken along
  --dry-run             changes nothing: says what would change                            (running node only)
  --foreign             though nobody who wrote it was ever heard of here                  (running node only)
  --json                one JSON object
)";
constexpr std::string_view kRestoreExamples = R"(
  pando restore monday/ad.backup --ns ad                    what the node lacks comes, what was deleted since stays deleted
  pando restore monday/ad.backup --ns ad --table prices     brings back keys of one table that were deleted
  pando restore /mnt/monday/ad.backup --into /var/lib/pando                        a node that has lost its disk
  pando restore /mnt/monday/ad.backup --into /tmp/look --as clone --ns ad-monday   to look at it, or to test with it

A merge replaces nothing and counts nothing twice; doing it again changes nothing. A damaged or cut off file is refused
before anything is changed. With --ns a clone may go by another name.
)";

constexpr std::string_view kSim =
    R"(pando sim --topology FILE [--faults FILE]      what if Oslo is away for three days? In seconds, without Oslo

  --topology FILE       the fleet, TOML: [[nodes]] with a name (site = "eu", role = "relayer"), [[links]] from and to
                        (delay = "20ms", bandwidth = "10Mbit", loss = "0.5%"; without any, a full mesh),
                        [load] writes_per_hour, keys, value_bytes, for = "4d", and [log] segment_bytes, keep_bytes,
                        retain_bytes, retain_for
  --faults FILE         what goes wrong, TOML: [[fault]] with at = "6h", for = "3d" and a kind:
                        down, crash, power, disk-full, clock (by = "+1h") of a node or a site;
                        cut, slow (delay, bandwidth, loss) of a site or between = ["a", "b"]; one-way from and to

Whole nodes run in one thread, in simulated time, hundreds of times faster than the clock. It says what became of the
writes, how far who was behind, how much log was kept, how long and how much it took to catch up, and whether every
promise held. Exit code 1 when one did not, 2 when a file is wrong. It runs pando-sim, which lies beside pando.

  pando sim --topology examples/away/topology.toml --faults examples/away/faults.toml
)";

constexpr std::string_view kCrdtClient =
    R"(pando crdt-client      watches a relayer over ZeroMQ, merges what it is told, and shows the state converge

  --source NS=ENDPOINT  a namespace and where it is published; may be repeated. Unless given:
                        ad-campaign-dc1=tcp://localhost:5555 ad-campaign-dc2=tcp://localhost:5556
  --until-events N      leaves after N notifications
  --timeout DURATION    with --until-events: leaves with 1 when they did not come in time (500ms, 10s)
  --curve-server-key K  the publishers' CURVE public key
  --verbose             says on standard error when connections come and go

  pando crdt-client
  pando crdt-client --source ad=tcp://edge:5555 --until-events 3 --timeout 10s
)";

constexpr std::string_view kLog =
    R"(pando log inspect DIR  prints the records of a namespace's log; DIR holds the segment files or a `log` folder

  --json                one object per line
  --from POSITION       only records from this position on

Reads only; safe beside a running node. Exit code 1 when the log is damaged, saying where.

  pando log inspect /var/lib/pando/ad-campaign-dc1
  pando log inspect /var/lib/pando/ad-campaign-dc1 --json | jq .
)";

}  // namespace

std::string_view help_text(std::string_view topic) {
  static const std::string get = std::string(kGet) + std::string(kTarget) + std::string(kGetExamples);
  static const std::string put = std::string(kPut) + std::string(kTarget) + std::string(kPutExamples);
  static const std::string erase = std::string(kDelete) + std::string(kTarget) + std::string(kDeleteExamples);
  static const std::string incr = std::string(kIncr) + std::string(kTarget) + std::string(kIncrExamples);
  static const std::string watch = std::string(kWatch) + std::string(kTarget) + std::string(kWatchExamples);
  static const std::string resync = std::string(kResync) + std::string(kTarget) + std::string(kResyncExamples);
  static const std::string scope = std::string(kScope) + std::string(kTarget) + std::string(kScopeExamples);
  static const std::string status = std::string(kStatus) + std::string(kTarget) + std::string(kStatusExamples);
  static const std::string drain = std::string(kDrain) + std::string(kTarget) + std::string(kDrainExamples);
  static const std::string retire = std::string(kRetire) + std::string(kTarget) + std::string(kRetireExamples);
  static const std::string nodes = std::string(kNodes) + std::string(kTarget) + std::string(kNodesExamples);
  static const std::string backup = std::string(kBackup) + std::string(kTarget) + std::string(kBackupExamples);
  static const std::string restore = std::string(kRestore) + std::string(kTarget) + std::string(kRestoreExamples);
  static const std::array<std::pair<std::string_view, std::string_view>, 25> kTexts{{
      {"", kOverview},
      {"replicator", kServe},
      {"server", kServe},
      {"relayer", kServe},
      {"replica", kServe},
      {"relay", kServe},
      {"get", get},
      {"put", put},
      {"delete", erase},
      {"del", erase},
      {"incr", incr},
      {"watch", watch},
      {"status", status},
      {"resync", resync},
      {"scope", scope},
      {"drain", drain},
      {"retire", retire},
      {"nodes", nodes},
      {"backup", backup},
      {"restore", restore},
      {"log", kLog},
      {"sim", kSim},
      {"crdt-client", kCrdtClient},
      {"help", kOverview},
      {"version", kOverview},
  }};
  for (const auto& [name, text] : kTexts) {
    if (name == topic) return text;
  }
  return {};
}

}  // namespace pando::cli
