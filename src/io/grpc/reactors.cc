#include "io/grpc/reactors.h"

#include <fmt/core.h>
#include <grpc/grpc_security_constants.h>

#include <algorithm>
#include <utility>

#include "base/limits.h"

namespace pando::io {
namespace {

constexpr Duration kCutOffAfter = Duration::seconds(1);

gpr_timespec after(Duration wait) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(wait.us, GPR_TIMESPAN));
}

// Cuts the stream off if it still lives when the alarm rings.
void ring(grpc::Alarm& alarm, Duration wait, std::weak_ptr<Stream> stream) {
  alarm.Set(after(wait), [stream = std::move(stream)](bool rang) {
    if (!rang) return;
    if (const std::shared_ptr<Stream> alive = stream.lock()) alive->cut_off();
  });
}

PeerNames names_in(const grpc::AuthContext& peer) {
  if (!peer.IsPeerAuthenticated()) return std::nullopt;
  std::vector<std::string> names;
  for (const char* property : {GRPC_X509_CN_PROPERTY_NAME, GRPC_X509_SAN_PROPERTY_NAME}) {
    for (const grpc::string_ref& value : peer.FindPropertyValues(property)) {
      std::string name(value.data(), value.size());
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace

void ServerStream::begin() {
  StartSendInitialMetadata();
  opened(context_.peer(), names_in(*context_.auth_context()));
}

void ServerStream::OnReadDone(bool ok) { read_done(ok, ok ? std::move(*in_.mutable_body()) : Bytes()); }

void ServerStream::start_write(Bytes frame) {
  out_.set_body(std::move(frame));
  StartWrite(&out_);
}

// The status is for people; what machines act on is in the frames. So one code says all.
void ServerStream::finish(const std::string& reason) {
  if (reason.empty()) return Finish(grpc::Status::OK);
  Finish(grpc::Status(grpc::StatusCode::ABORTED, reason.substr(0, limits::kRefuseMessageBytesMax)));
}

void ServerStream::cut_off_later() { ring(cut_off_, kCutOffAfter, weak_from_this()); }

ClientStream::ClientStream(StreamOwner& owner, std::uint64_t dial_id, std::shared_ptr<grpc::Channel> channel)
    : Stream(owner, dial_id), channel_(std::move(channel)), stub_(pando::v1::Replication::NewStub(channel_)) {}

void ClientStream::begin(Duration timeout) {
  timeout_ = timeout;
  context_.AddMetadata("pando-protocol", "1");
  stub_->async()->Link(&context_, this);
  AddHold();  // reads and writes are started outside reactions; released when reading has ended
  ring(dial_timeout_, timeout, weak_from_this());
  StartCall();
}

void ClientStream::OnReadInitialMetadataDone(bool ok) {
  dial_timeout_.Cancel();
  if (!ok) return RemoveHold();  // nothing was or will be started on it
  answered_ = true;
  opened(context_.peer(), {});
}

void ClientStream::OnReadDone(bool ok) { read_done(ok, ok ? std::move(*in_.mutable_body()) : Bytes()); }

void ClientStream::OnDone(const grpc::Status& status) {
  if (status.ok()) return done({});
  if (!answered_ && status.error_code() == grpc::StatusCode::CANCELLED) {
    return done(fmt::format("no answer within {} ms", timeout_.millis()));
  }
  done(status.error_message());
}

void ClientStream::start_write(Bytes frame) {
  out_.set_body(std::move(frame));
  StartWrite(&out_);
}

void ClientStream::cut_off_later() { ring(cut_off_, kCutOffAfter, weak_from_this()); }

}  // namespace pando::io
