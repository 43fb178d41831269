#include "weft/http2/session/session.h"

#include <algorithm>

#include "weft/http2/session/internal/session_impl.h"

namespace weft::http2 {
namespace {

Settings announced(const SessionOptions& options) {
  Settings settings = options.local;
  // Values that RFC 9113 section 6.5.2 does not allow would end the connection at the peer.
  settings.initial_window_size = std::min(settings.initial_window_size, kLargestWindow);
  settings.max_frame_size =
      std::clamp(settings.max_frame_size, kDefaultFrameSize, kLargestFrameSize);
  // A server "MUST NOT send" ENABLE_PUSH = 1, and need not mention 0; streams that a server begins
  // do not exist here, so a client's limit on them says nothing.
  settings.enable_push = options.role == Role::Server;
  if (options.role == Role::Client) settings.max_concurrent_streams = 0xffffffff;
  return settings;
}

internal::StreamRecord& record_of(Stream& stream) noexcept {
  return static_cast<internal::StreamRecord&>(stream);
}

}  // namespace

Session::Impl::Impl(const SessionOptions& options, SessionHandler& handler)
    : role_(options.role),
      local_(announced(options)),
      handler_(handler),
      most_ended_at_once_(options.most_ended_at_once),
      decoder_({.table_size = local_.header_table_size, .list_size = local_.max_header_list_size}),
      block_(local_.max_header_list_size),
      abuse_(options.abuse),
      bdp_(local_.initial_window_size, std::min(options.max_window, kLargestWindow)),
      preface_done_(options.role == Role::Client),
      receive_window_size_(std::clamp(options.connection_window, kDefaultWindow, kLargestWindow)),
      // Until the peer acknowledges our SETTINGS it may go by the default (section 6.9.2).
      initial_receive_window_(std::max(local_.initial_window_size, kDefaultWindow)) {
  send_window_.reset(kDefaultWindow);
  receive_window_.reset(receive_window_size_);
  if (role_ == Role::Client) writer_.preface();
  writer_.settings(local_);
  if (receive_window_size_ > kDefaultWindow) {
    writer_.window_update(0, receive_window_size_ - kDefaultWindow);
  }
}

Session::Session(const SessionOptions& options, SessionHandler& handler)
    : impl_(std::make_unique<Impl>(options, handler)) {}
Session::~Session() = default;

bool Session::receive(Bytes input, TimePoint now) {
  bool whole = true;
  do {
    whole = impl_->receive_some(input, now, kFramesAtOnce);
  } while (whole && !input.empty());
  return whole;
}
bool Session::receive_some(Bytes& input, TimePoint now, int frames) {
  return impl_->receive_some(input, now, frames);
}
void Session::pause() noexcept { impl_->pause(); }
int Session::frames_left() const noexcept { return impl_->frames_left(); }
OutputQueue& Session::output() noexcept { return impl_->output(); }
void Session::tidy() noexcept { impl_->tidy(); }

Session::Hold::Hold(Session& session) noexcept : session_(session) { session_.impl_->hold(); }
Session::Hold::~Hold() { session_.impl_->release(); }

std::unique_ptr<HeaderMemo>* Session::memo() noexcept { return impl_->memo(); }
Session::KnownBeginning Session::known_beginning() noexcept { return impl_->known_beginning(); }
bool Session::can_open() const noexcept { return impl_->can_open(); }
Stream& Session::open_stream(HeaderFields fields, bool end_stream, void* user) {
  return impl_->open_stream(fields, nullptr, {}, end_stream, user);
}
Stream& Session::open_stream(HeaderFields usual, FixedBlock& block, HeaderFields more,
                             bool end_stream, void* user) {
  return impl_->open_stream(usual, &block, more, end_stream, user);
}
void Session::send_headers(Stream& stream, HeaderFields fields, bool end_stream) {
  impl_->send_headers(record_of(stream), fields, nullptr, end_stream);
}
void Session::send_headers(Stream& stream, HeaderFields fields, FixedBlock& block,
                           bool end_stream) {
  impl_->send_headers(record_of(stream), fields, &block, end_stream);
}
std::uint8_t* Session::reserve_data(Stream& stream, std::size_t n) {
  return impl_->reserve_data(record_of(stream), n);
}
void Session::commit_data(Stream& stream, std::size_t n, bool end_stream) {
  impl_->commit_data(record_of(stream), n, end_stream);
}
void Session::queue_data(Stream& stream, Bytes data, bool end_stream) {
  impl_->queue_data(record_of(stream), std::move(data), end_stream);
}
void Session::drop_queued(Stream& stream) { impl_->drop_queued(record_of(stream)); }
void Session::reset(Stream& stream, ErrorCode code) { impl_->reset(record_of(stream), code); }
void Session::consumed(Stream& stream, std::size_t n) { impl_->consumed(record_of(stream), n); }

void Session::ping(std::uint64_t payload) { impl_->ping(payload); }
void Session::begin_drain() { impl_->begin_drain(); }
void Session::finish_drain(ErrorCode code, std::string_view debug) {
  impl_->finish_drain(code, debug);
}
void Session::abort(ErrorCode code, std::string_view debug) { impl_->abort(code, debug); }
void Session::transport_lost() { impl_->transport_lost(); }
bool Session::ending() const noexcept { return impl_->ending(); }
void Session::end_streams() { impl_->end_streams(); }
void Session::transport_closed() { impl_->transport_closed(); }

std::size_t Session::open_streams() const noexcept { return impl_->open_streams(); }
std::size_t Session::queued() const noexcept { return impl_->queued(); }
std::size_t Session::memory() const noexcept { return impl_->memory(); }
void Session::hold_connection_credit(bool hold) { impl_->hold_connection_credit(hold); }
bool Session::in_header_block() const noexcept { return impl_->in_header_block(); }
std::vector<Stream*> Session::stalled_streams() { return impl_->stalled_streams(); }
std::uint64_t Session::data_sent() const noexcept { return impl_->data_sent(); }
bool Session::draining() const noexcept { return impl_->draining(); }
bool Session::broken() const noexcept { return impl_->broken(); }
const Status& Session::error() const noexcept { return impl_->error(); }
const Settings& Session::peer_settings() const noexcept { return impl_->peer_settings(); }
bool Session::peer_settings_received() const noexcept { return impl_->peer_settings_received(); }
bool Session::settings_acknowledged() const noexcept { return impl_->settings_acknowledged(); }
Role Session::role() const noexcept { return impl_->role(); }

}  // namespace weft::http2
