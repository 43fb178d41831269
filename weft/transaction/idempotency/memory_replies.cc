#include "weft/transaction/idempotency/memory_replies.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <random>
#include <string>
#include <utility>

#include "weft/net/loop/loop.h"

namespace weft::transaction {
namespace {

TimePoint now_of_loop() noexcept { return net::Loop::current()->now(); }

Status taken_over() { return aborted("another attempt of this call has taken its key over"); }

}  // namespace

std::size_t MemoryReplies::Entry::bytes() const noexcept {
  // The node of the table, its place in it, and the record of an error.
  constexpr std::size_t kOverhead = 48;
  return sizeof(Entry) + kOverhead + reply.message.size() + reply.status.message().size() +
         reply.status.details().size();
}

std::size_t MemoryReplies::Hash::operator()(const Fingerprint& id) const noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  std::memcpy(&low, id.bytes.data(), sizeof low);
  std::memcpy(&high, id.bytes.data() + sizeof low, sizeof high);
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(low ^ seed) * (high | 1U);
  return static_cast<std::size_t>(product >> 64U) ^ static_cast<std::size_t>(product);
}

MemoryReplies::MemoryReplies(MemoryRepliesOptions options)
    : entries_each_(std::max<std::size_t>(options.max_entries / kParts, 1)),
      bytes_each_(options.max_bytes / kParts) {
  std::random_device random;
  const std::uint64_t seed = (std::uint64_t{random()} << 32U) | random();
  for (std::unique_ptr<Part>& part : parts_) part = std::make_unique<Part>(seed);
}

MemoryReplies::~MemoryReplies() = default;

void MemoryReplies::forget(Part& part, Entry& entry) {
  part.bytes -= entry.bytes();
  part.entries.erase(part.entries.find(*entry.id));
}

/// Calls whose coroutine was destroyed, with their server for example: they never finish.
void MemoryReplies::keep_lost(Part& part, TimePoint now, Duration keep) {
  while (!part.running.empty() && part.running.front().until <= now) {
    Entry& lost = *part.running.pop_front();
    part.bytes -= lost.bytes();
    lost.saved = true;
    lost.reply.status = Status(StatusCode::Unknown,
                               "the first call with this idempotency-key ended without an answer; "
                               "whether it had an effect is not known");
    lost.until = after(now, keep);
    part.bytes += lost.bytes();
    part.kept.push_back(lost);
  }
}

/// Of calls that a duplicate would run again: the lost ones go where there is no room, and else
/// when nobody asks for them any more.
void MemoryReplies::forget_lost(Part& part, TimePoint now, Duration keep) const {
  while (!part.running.empty()) {
    Entry& oldest = part.running.front();
    const bool full = part.entries.size() >= entries_each_ || part.bytes >= bytes_each_;
    if (now < (full ? oldest.until : after(oldest.until, keep))) return;
    forget(part, oldest);
  }
}

void MemoryReplies::make_room(Part& part, std::size_t bytes, TimePoint now) {
  while (!part.kept.empty()) {
    Entry& oldest = part.kept.front();
    const bool full = part.entries.size() >= entries_each_ || part.bytes + bytes > bytes_each_;
    if (now < oldest.until) {
      if (!full) return;
      dropped_.fetch_add(1, std::memory_order_relaxed);
    }
    forget(part, oldest);
  }
}

Result<IdempotencyStore::Begun> MemoryReplies::add(Part& part, const Fingerprint& id,
                                                   const Fingerprint& request, TimePoint now,
                                                   const Rule& rule) {
  if (rule.lost == Rule::Lost::Report) keep_lost(part, now, rule.keep);
  if (rule.lost == Rule::Lost::TakeOver) forget_lost(part, now, rule.keep);
  make_room(part, sizeof(Entry), now);
  if (part.entries.size() >= entries_each_) {
    return resource_exhausted("there are as many idempotent calls under way as are remembered: " +
                              std::to_string(entries_each_ * kParts) +
                              " (MemoryRepliesOptions::max_entries)");
  }
  const auto added = part.entries.try_emplace(id).first;
  Entry& entry = added->second;
  entry.id = &added->first;
  entry.request = request;
  entry.token = next_token_.fetch_add(1, std::memory_order_relaxed);
  entry.until = after(now, rule.lease);
  part.running.push_back(entry);
  part.bytes += entry.bytes();
  return Begun(State::New, entry.token);
}

Task<Result<IdempotencyStore::Begun>> MemoryReplies::begin(Fingerprint id, Fingerprint request,
                                                           Rule rule) {
  const TimePoint now = now_of_loop();
  Part& part = part_of(id);
  const std::scoped_lock lock(part.mutex);
  const auto found = part.entries.find(id);
  if (found == part.entries.end()) return add(part, id, request, now, rule);
  Entry& entry = found->second;
  const bool over = now >= entry.until;
  if (entry.saved && over) {
    forget(part, entry);
    return add(part, id, request, now, rule);
  }
  if (entry.request != request) return Result<Begun>(Begun(State::OtherRequest));
  if (entry.saved) return Result<Begun>(Begun(entry.reply));
  if (!over) return Result<Begun>(Begun(State::Running));
  if (rule.lost == Rule::Lost::Report) return Result<Begun>(Begun(State::Lost));
  entry.token = next_token_.fetch_add(1, std::memory_order_relaxed);
  entry.until = after(now, rule.lease);
  entry.unlink();
  part.running.push_back(entry);
  return Result<Begun>(Begun(State::New, entry.token));
}

Task<Status> MemoryReplies::finish(Fingerprint id, std::uint64_t token, SavedReply reply,
                                   Duration keep) {
  const TimePoint now = now_of_loop();
  Part& part = part_of(id);
  const std::scoped_lock lock(part.mutex);
  const auto found = part.entries.find(id);
  if (found == part.entries.end() || found->second.token != token) return taken_over();
  Entry& entry = found->second;
  part.bytes -= entry.bytes();
  entry.unlink();
  entry.saved = true;
  entry.reply = std::move(reply);
  entry.until = after(now, keep);
  const std::size_t bytes = entry.bytes();
  make_room(part, bytes, now);
  part.bytes += bytes;
  part.kept.push_back(entry);
  return ok_status();
}

Task<Status> MemoryReplies::release(Fingerprint id, std::uint64_t token) {
  Part& part = part_of(id);
  const std::scoped_lock lock(part.mutex);
  const auto found = part.entries.find(id);
  if (found == part.entries.end() || found->second.token != token) return taken_over();
  forget(part, found->second);
  return ok_status();
}

std::size_t MemoryReplies::size() const {
  std::size_t all = 0;
  for (const std::unique_ptr<Part>& part : parts_) {
    const std::scoped_lock lock(part->mutex);
    all += part->entries.size();
  }
  return all;
}

}  // namespace weft::transaction
