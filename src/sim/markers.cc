#include "sim/markers.h"

#include <fmt/core.h>

#include "base/check.h"
#include "repl/frame.h"
#include "sim/machine.h"

namespace pando::sim {
namespace {

constexpr bool kByScenario = false;

// What a node says for people when it comes through a branch.
struct Phrase {
  std::string_view text;
  Marker marker;
};
constexpr Phrase kPhrases[] = {
    {"resync: comparing", Marker::kResyncBegun},
    {"resync done", Marker::kResyncDone},
    {"arrived from ", Marker::kTableArrived},
    {"a part of tables that arrive came from", Marker::kTablePart},
    {"all tables arrive, part by part", Marker::kAllArrive},
    {" is not taken: ", Marker::kPoison},
    {" is here after all", Marker::kPoisonHealed},
    {"did not end cleanly: goes on as", Marker::kEpochUnclean},
    {"a peer holds commits of this node that it has lost", Marker::kEpochPeerKnows},
    {"a peer has met another one of this name", Marker::kEpochMetAnother},
    {"under idempotency keys that two sites used, and taken back here", Marker::kTakenBack},
    {"checkpoint failed: ", Marker::kCheckpointFailed},
    {"cannot prepare log segment", Marker::kDiskFull},
    {"the next log segment is ready again", Marker::kDiskFullOver},
    {"log write failed, nothing more is taken", Marker::kSyncFailed},
    {"keepalive timeout", Marker::kHalfOpenLink},
    {" refused: ", Marker::kLinkRefused},
    {" falls behind: ", Marker::kFellBehind},
    {", of an earlier release: without ", Marker::kOlderLink},
    {"it must be brought to a newer version", Marker::kOlderRefused},
    {" is left only at sites that take some tables: ", Marker::kLostClosed},
    {"is retired and has come back", Marker::kRetiredFenced},
    {" was declared gone for good by ", Marker::kRetiredGoesOn},
    {" from 203.0.113.66:6666 refused: ", Marker::kStrangerRefused},
};

}  // namespace

const std::vector<MarkerInfo>& all_markers() {
  static const std::vector<MarkerInfo> all = {
      {Marker::kLogLetGo, "log-let-go", "a node lets go of a log segment"},
      {Marker::kResyncBegun, "resync-begun", "a node begins to compare its cells with a peer's"},
      {Marker::kResyncDone, "resync-done", "a peer's cut is merged in"},
      {Marker::kResyncBrokenOff, "resync-broken-off", "a resync ends in the middle: its link or its process does"},
      {Marker::kResyncKilled, "resync-killed", "the process of a node ends in the middle of a resync"},
      {Marker::kResyncTakenUp, "resync-taken-up", "a resync that was broken off begins again"},
      {Marker::kWant, "want", "a commit that was only announced does not come, and is asked for"},
      {Marker::kPoison, "poison", "a commit of a peer cannot be taken and is put aside", kByScenario},
      {Marker::kPoisonHealed, "poison-healed", "one that was put aside came by another way", kByScenario},
      {Marker::kEpochUnclean, "epoch-unclean", "a new epoch after an end that may have lost answered writes"},
      {Marker::kEpochPeerKnows, "epoch-peer-knows", "a new epoch as a peer has commits of this node that it lacks",
       kByScenario},
      {Marker::kEpochMetAnother, "epoch-met-another", "a new epoch as a peer has met another incarnation of this node",
       kByScenario},
      {Marker::kTakenBack, "taken-back", "a write done twice under one idempotency key is taken back"},
      {Marker::kAnsweredAgain, "answered-again", "a retried write is answered and not done again"},
      {Marker::kTornTail, "torn-tail", "a start cuts a torn end off the log"},
      {Marker::kReplayed, "replayed", "a start applies records behind its checkpoint"},
      {Marker::kCleanStart, "clean-start", "a start finds a log that was closed"},
      {Marker::kCheckpointOutlived, "checkpoint-outlived", "a checkpoint in flight is there after the crash"},
      {Marker::kCheckpointFailed, "checkpoint-failed", "a checkpoint cannot be written"},
      {Marker::kDiskFull, "disk-full", "no room for the next log segment"},
      {Marker::kDiskFullOver, "disk-full-over", "and there is again"},
      {Marker::kSyncFailed, "sync-failed", "a failed fsync ends a namespace"},
      {Marker::kHalfOpenLink, "half-open-link", "a link ends as nothing is heard on it"},
      {Marker::kStrangerRefused, "stranger-refused", "somebody who sends noise is refused"},
      {Marker::kLinkRefused, "link-refused", "a peer refuses a link, or what comes on it"},
      {Marker::kWatchGone, "watch-gone", "a watch resumes from where no log reaches back to"},
      {Marker::kConflict, "conflict", "concurrent values meet"},
      {Marker::kFreed, "freed", "keys that have ended are freed"},
      {Marker::kDurabilityMissed, "durability-missed", "a write is done, but not as safe in time as asked for"},
      {Marker::kPartsSent, "parts-sent", "a run of commits travels in several frames"},
      {Marker::kTableArrived, "table-arrived", "a table that a node has come to take is whole there"},
      {Marker::kTablePart, "table-part", "a part of such a table goes in before the rest has come"},
      {Marker::kAllArrive, "all-arrive", "a node with next to nothing has all tables arrive instead of one resync"},
      {Marker::kFellBehind, "fell-behind", "a peer that is connected is given a cut, as it falls behind", kByScenario},
      {Marker::kCreditExhausted, "credit-exhausted", "a peer has acknowledged too little to be sent more"},
      {Marker::kOrderWaited, "order-waited", "a request waits while the order of its key is built"},
      {Marker::kOlderLink, "older-link", "a node is linked with one of an earlier release"},
      {Marker::kOlderRefused, "older-refused", "a node refuses one of an earlier release what that cannot understand"},
      {Marker::kUpgraded, "upgraded", "a node goes on with a newer release"},
      {Marker::kBackupTaken, "backup-taken", "a backup is taken of a node that serves"},
      {Marker::kBackupMerged, "backup-merged", "a backup is merged into a node that knows all its commits"},
      {Marker::kBackupNews, "backup-news", "a backup is merged into a node that lacks some of its commits"},
      {Marker::kBackupBegunWith, "backup-begun-with", "a node that has lost its disks begins with its last backup"},
      {Marker::kDrained, "drained", "a node that is drained says that it is safe to stop"},
      {Marker::kRetired, "retired", "a node that is gone is declared gone for good"},
      {Marker::kRetiredFenced, "retired-fenced", "a retired node comes back and is not listened to yet"},
      {Marker::kRetiredGoesOn, "retired-goes-on", "and learns of it, and goes on as its next epoch"},
      {Marker::kDiskLost, "disk-lost",
       "a node loses its disks, and begins anew under its old name or never comes back"},
      {Marker::kLostClosed, "lost-closed", "what edges have of a lost disk counts for all of it"},
  };
  return all;
}

void MarkerCounts::add(const MarkerCounts& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
}

std::vector<MarkerInfo> MarkerCounts::missing(bool of_seeds) const {
  std::vector<MarkerInfo> missing;
  for (const MarkerInfo& info : all_markers()) {
    if (info.by_seeds == of_seeds && of(info.marker) == 0) missing.push_back(info);
  }
  return missing;
}

std::string MarkerCounts::describe() const {
  std::string text;
  for (const MarkerInfo& info : all_markers()) {
    if (of(info.marker) > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", info.name, of(info.marker));
  }
  return text.empty() ? "nothing" : text;
}

void Markers::on_answer(const Asked&, const Answer& answer) {
  if (answer.lost) return;
  if (answer.reply.replayed) reach(Marker::kAnsweredAgain);
  if (answer.reply.reached) reach(Marker::kDurabilityMissed);
}

void Markers::read_note(const Machine& machine, const node::Note& note) {
  const Where where{&machine, note.ns};
  for (const Phrase& phrase : kPhrases) {
    if (note.text.find(phrase.text) == std::string::npos) continue;
    reach(phrase.marker);
    if (phrase.marker == Marker::kResyncDone) resyncing_.erase(where);
    if (phrase.marker != Marker::kResyncBegun) continue;
    if (!resyncing_.insert(where).second) {
      reach(Marker::kResyncBrokenOff);
      reach(Marker::kResyncTakenUp);
    } else if (broken_off_.erase(where) != 0) {
      reach(Marker::kResyncTakenUp);
    }
  }
}

void Markers::read_frame(ByteSpan frame) {
  if (frame.empty()) return;
  const auto kind = static_cast<repl::FrameKind>(static_cast<std::uint8_t>(frame[0]));
  if (kind == repl::FrameKind::kWant) reach(Marker::kWant);
  if (kind == repl::FrameKind::kBodyPart) reach(Marker::kPartsSent);
}

void Markers::on_outputs(const Machine& machine, const node::Outputs& outputs) {
  for (const node::Note& note : outputs.notes) read_note(machine, note);
  for (const node::LinkSend& send : outputs.link_sends) read_frame(send.frame);
  for (const node::WatchOpened& opened : outputs.watches_opened) {
    if (opened.status.code() == StatusCode::kGone) reach(Marker::kWatchGone);
  }
  if (!outputs.segment_removes.empty()) reach(Marker::kLogLetGo);
}

void Markers::on_boot(const Machine& machine) {
  for (const node::NamespaceConfig& ns : machine.config().namespaces) {
    const node::OpenReport& report = machine.volume(ns.name).report;
    if (report.torn_bytes > 0) reach(Marker::kTornTail);
    if (report.replayed > 0) reach(Marker::kReplayed);
    if (report.clean && report.last.value > 0) reach(Marker::kCleanStart);
  }
}

void Markers::on_leaving(const Machine& machine) {
  for (const node::NamespaceConfig& ns : machine.config().namespaces) {
    const Result<StatsReply> stats = machine.node().stats(ns.name);
    if (!stats) continue;
    if (stats->conflicts > 0) reach(Marker::kConflict);
    if (stats->ended_freed > 0) reach(Marker::kFreed);
    reach(Marker::kCreditExhausted, stats->credit_exhausted);
    reach(Marker::kOrderWaited, stats->order_waits);
  }
}

void Markers::on_down(const Machine& machine) {
  for (const node::NamespaceConfig& ns : machine.config().namespaces) {
    const Where where{&machine, ns.name};
    if (resyncing_.erase(where) == 0) continue;
    reach(Marker::kResyncKilled);
    reach(Marker::kResyncBrokenOff);
    broken_off_.insert(where);
  }
}

}  // namespace pando::sim
