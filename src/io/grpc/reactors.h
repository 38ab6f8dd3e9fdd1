// io/grpc/reactors.h — the two ends of a stream as gRPC's callback API wants them. Internal; heavy headers.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "io/grpc/stream.h"
#include "pando/v1/replication.grpc.pb.h"

namespace pando::io {

using WireFrame = pando::v1::Frame;

// A stream that a peer dialled.
class ServerStream final : public Stream, public grpc::ServerBidiReactor<WireFrame, WireFrame> {
 public:
  ServerStream(StreamOwner& owner, grpc::CallbackServerContext& context) : Stream(owner, 0), context_(context) {}

  void begin();

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override { write_done(ok); }
  void OnCancel() override { cancelled(); }
  void OnDone() override { done({}); }

  void start_read() override { StartRead(&in_); }
  void start_write(Bytes frame) override;
  void finish(const std::string& reason) override;
  void cancel() override { context_.TryCancel(); }
  void reads_ended() override {}
  void cut_off_later() override;
  bool reads_after_finish() const override { return false; }

  grpc::CallbackServerContext& context_;
  WireFrame in_;
  WireFrame out_;
  grpc::Alarm cut_off_;
};

// A stream that we dial.
class ClientStream final : public Stream, public grpc::ClientBidiReactor<WireFrame, WireFrame> {
 public:
  ClientStream(StreamOwner& owner, std::uint64_t dial_id, std::shared_ptr<grpc::Channel> channel);

  void begin(Duration timeout);

 private:
  void OnReadInitialMetadataDone(bool ok) override;
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override { write_done(ok); }
  void OnDone(const grpc::Status& status) override;

  void start_read() override { StartRead(&in_); }
  void start_write(Bytes frame) override;
  void finish(const std::string&) override { StartWritesDone(); }
  void cancel() override { context_.TryCancel(); }
  void reads_ended() override { RemoveHold(); }
  void cut_off_later() override;
  bool reads_after_finish() const override { return true; }

  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<pando::v1::Replication::Stub> stub_;
  grpc::ClientContext context_;
  Duration timeout_;
  bool answered_ = false;  // set and read in reactions, the first before the last
  WireFrame in_;
  WireFrame out_;
  grpc::Alarm dial_timeout_;
  grpc::Alarm cut_off_;
};

// Turns a peer away before it becomes a link.
class RefusingReactor final : public grpc::ServerBidiReactor<WireFrame, WireFrame> {
 public:
  explicit RefusingReactor(const grpc::Status& status) { Finish(status); }

 private:
  void OnDone() override { delete this; }
};

}  // namespace pando::io
