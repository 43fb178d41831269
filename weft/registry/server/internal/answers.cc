#include "weft/registry/server/internal/answers.h"

#include <utility>
#include <vector>

namespace weft::registry {
namespace {

constexpr std::size_t kMaxChangesInMessage = 100;

/// `co_await` writes what `make` makes of the source: true when it was taken, false when the call
/// is over.
template <class Source>
class WriteMade : public DirectionAwaiter<WriteMade<Source>, MessageWriter> {
 public:
  using Make = WireText (*)(Source&);
  WriteMade(MessageWriter& writer, const Context& context, Source& source, Make make) noexcept
      : WriteMade::DirectionAwaiter(writer), context_(context), source_(source), make_(make) {}
  bool await_resume() const noexcept { return outcome_ == MessageWriter::Poll::Accepted; }

 private:
  friend class DirectionAwaiter<WriteMade, MessageWriter>;
  bool advance() {
    // A connection that breaks ends all its watches: nothing is made for those.
    if (context_.is_cancelled()) return true;
    const WireText made = make_(source_);
    outcome_ = this->direction().offer(made.message());
    return outcome_ != MessageWriter::Poll::Blocked;
  }

  const Context& context_;
  Source& source_;
  Make make_;
  MessageWriter::Poll outcome_ = MessageWriter::Poll::Blocked;
};

Catalog::Place place_of(const Record& record) {
  return {.service = std::string(record.service()), .id = std::string(record.id())};
}

}  // namespace

WatchAnswer::WatchAnswer(std::shared_ptr<Registrar> registrar, const v1::WatchRequest& request,
                         std::string client)
    : registrar_(std::move(registrar)),
      watcher_(registrar_, request.service(), std::move(client)),
      told_(request.revision()) {
  const Catalog& catalog = registrar_->catalog();
  if (request.store_id().empty()) {
    reason_ = v1::WatchResponse::ASKED;
  } else if (request.store_id() != catalog.store_id() || told_ > catalog.revision()) {
    reason_ = v1::WatchResponse::OTHER_STORE;
  } else if (!catalog.knows_since(told_)) {
    reason_ = v1::WatchResponse::COMPACTED;
  }
}

Task<Status> WatchAnswer::run(MessageWriter& writer) {
  const Context& context = *co_await current_context();
  for (;;) {
    if (registrar_->closing()) co_return unavailable("the registry is shutting down");
    if (!has_something_to_tell()) {
      const Status status = co_await watcher_.wait(heartbeat_at_);
      if (!status.ok()) co_return status;
      continue;
    }
    WriteMade<WatchAnswer> write(writer, context, *this,
                                 [](WatchAnswer& self) { return self.make(); });
    const bool told = co_await write;
    if (!told) co_return context.cancel_reason();
    made_is_told();
  }
}

bool WatchAnswer::has_something_to_tell() const {
  if (reason_ || registrar_->now() >= heartbeat_at_) return true;
  const Catalog& catalog = registrar_->catalog();
  std::uint64_t upto = 0;
  return !catalog.knows_since(told_) ||
         !catalog.changes_since(told_, watcher_.service(), 1, 1, upto).empty();
}

/// What is to be told next, as of now; made_ says where that leads to.
WireText WatchAnswer::make() {
  // Who is in the middle of a snapshot is told what changed behind it.
  if (!reason_ && !registrar_->catalog().knows_since(told_)) reason_ = v1::WatchResponse::SLOW;
  return reason_ ? make_snapshot() : make_changes();
}

void WatchAnswer::made_is_told() {
  told_ = made_.revision;
  place_ = std::move(made_.place);
  if (!made_.more) reason_.reset();
  heartbeat_at_ = registrar_->now() + registrar_->options().heartbeat;
}

WireText WatchAnswer::response() const {
  v1::WatchResponse response;
  response.set_store_id(registrar_->catalog().store_id());
  response.set_revision(made_.revision);
  response.set_heartbeat_ms(milliseconds_of(registrar_->options().heartbeat));
  return WireText(response.SerializeAsString());
}

/// A long one is told over a time in which instances come and go. All parts bear the revision of
/// the first, and behind the last come the changes since then, so that in the end the watcher knows
/// a state that there was.
WireText WatchAnswer::make_snapshot() {
  const Catalog& catalog = registrar_->catalog();
  made_ = Made{.revision = place_ ? told_ : catalog.revision()};
  const std::vector<RecordRef> records = catalog.list_part(
      watcher_.service(), place_.value_or(Catalog::Place()), kPartSize, made_.more);
  if (made_.more) made_.place = place_of(*records.back());
  using Snapshot = v1::WatchResponse::Snapshot;
  WireText snapshot;
  for (const RecordRef& record : records) snapshot.entry(Snapshot::kEntriesFieldNumber, *record);
  snapshot.number(Snapshot::kMoreFieldNumber, made_.more ? 1 : 0);
  snapshot.number(Snapshot::kReasonFieldNumber, static_cast<std::uint64_t>(*reason_));
  WireText part = response();
  part.bytes(v1::WatchResponse::kSnapshotFieldNumber, snapshot.view());
  return part;
}

/// Without changes a heartbeat.
WireText WatchAnswer::make_changes() {
  made_ = Made{.revision = told_};
  const std::vector<ChangeRecord> changes = registrar_->catalog().changes_since(
      told_, watcher_.service(), kMaxChangesInMessage, kPartSize, made_.revision);
  WireText message = response();
  if (changes.empty()) {
    message.bytes(v1::WatchResponse::kHeartbeatFieldNumber, {});
    return message;
  }
  WireText all;
  for (const ChangeRecord& change : changes) {
    WireText told;
    told.number(v1::Change::kRevisionFieldNumber, change.revision);
    told.number(v1::Change::kKindFieldNumber, static_cast<std::uint64_t>(change.kind));
    told.entry(v1::Change::kEntryFieldNumber, *change.record);
    all.bytes(v1::WatchResponse::Changes::kChangesFieldNumber, told.view());
  }
  message.bytes(v1::WatchResponse::kChangesFieldNumber, all.view());
  return message;
}

ListAnswer::ListAnswer(Registrar& registrar, const std::string& service)
    : registrar_(registrar), service_(service), revision_(registrar.catalog().revision()) {}

Task<Status> ListAnswer::run(MessageWriter& writer) {
  const Context& context = *co_await current_context();
  do {
    WriteMade<ListAnswer> write(writer, context, *this,
                                [](ListAnswer& self) { return self.make(); });
    const bool told = co_await write;
    if (!told) co_return context.cancel_reason();
    place_ = next_;
  } while (more_);
  co_return ok_status();
}

WireText ListAnswer::make() {
  WireText part;
  part.number(v1::ListResponse::kRevisionFieldNumber, revision_);
  const std::vector<RecordRef> records =
      registrar_.catalog().list_part(service_, place_, kPartSize, more_);
  for (const RecordRef& record : records) {
    part.entry(v1::ListResponse::kEntriesFieldNumber, *record,
               milliseconds_of(registrar_.time_left(record->lease)));
  }
  if (more_) next_ = place_of(*records.back());
  return part;
}

}  // namespace weft::registry
