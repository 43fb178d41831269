#include "weft/messaging/log/internal/group/group_file.h"

#include <memory>
#include <optional>
#include <utility>

#include "weft/messaging/log/internal/file_format.h"
#include "weft/messaging/log/internal/little_endian.h"

namespace weft::messaging::stored {
namespace {

constexpr std::string_view kMagic = "weftgrp\n";
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kHeader = 36;
constexpr std::size_t kRange = 16;
constexpr std::size_t kTries = 12;
constexpr std::size_t kChecksum = 4;

std::string encode(std::uint64_t sequence, const Settled& settled) {
  std::string bytes(kMagic);
  put_number(bytes, kVersion);
  put_number(bytes, std::uint16_t{0});
  put_number(bytes, sequence);
  put_number(bytes, settled.position());
  put_number(bytes, static_cast<std::uint32_t>(settled.ranges().size()));
  put_number(bytes, static_cast<std::uint32_t>(settled.all_tries().size()));
  for (const auto& [begin, end] : settled.ranges()) {
    put_number(bytes, begin);
    put_number(bytes, end);
  }
  for (const auto& [offset, tries] : settled.all_tries()) {
    put_number(bytes, offset);
    put_number(bytes, tries);
  }
  put_number(bytes, checksum(bytes));
  return bytes;
}

struct Slot {
  std::uint64_t sequence;
  Settled settled;
};

bool is_whole(std::string_view bytes) {
  if (bytes.size() < kHeader + kChecksum || !bytes.starts_with(kMagic)) return false;
  const std::string_view checked = bytes.substr(0, bytes.size() - kChecksum);
  const std::size_t ranges = number_at<std::uint32_t>(bytes, 28);
  const std::size_t tries = number_at<std::uint32_t>(bytes, 32);
  return checked.size() == kHeader + ranges * kRange + tries * kTries &&
         number_at<std::uint32_t>(bytes, checked.size()) == checksum(checked);
}

Slot parse(std::string_view bytes) {
  Slot slot{number_at<std::uint64_t>(bytes, 12), Settled(number_at<std::uint64_t>(bytes, 20))};
  std::size_t at = kHeader;
  for (std::size_t left = number_at<std::uint32_t>(bytes, 28); left > 0; --left, at += kRange) {
    slot.settled.add_range(number_at<std::uint64_t>(bytes, at),
                           number_at<std::uint64_t>(bytes, at + 8));
  }
  for (std::size_t left = number_at<std::uint32_t>(bytes, 32); left > 0; --left, at += kTries) {
    slot.settled.set_tries(number_at<std::uint64_t>(bytes, at),
                           number_at<std::uint32_t>(bytes, at + 8));
  }
  return slot;
}

/// Empty where there is no file.
Result<std::optional<std::string>> content_of(Disk& disk, const std::string& path) {
  Result<std::unique_ptr<File>> file = disk.open(path, Disk::Open::Existing);
  if (file.status().code() == StatusCode::NotFound) return std::optional<std::string>();
  if (!file.ok()) return std::move(file).status();
  const Result<std::uint64_t> size = (*file)->size();
  if (!size.ok()) return size.status();
  Result<std::string> bytes = (*file)->read(0, *size);
  if (!bytes.ok()) return std::move(bytes).status();
  return std::optional<std::string>(*std::move(bytes));
}

bool has_version(std::string_view bytes) {
  return bytes.size() >= kVersionAt + sizeof kVersion && bytes.starts_with(kMagic);
}

}  // namespace

Result<Settled> GroupFile::load() {
  std::optional<Slot> newest;
  int damaged = 0;
  for (std::size_t slot = 0; slot < is_there_.size(); ++slot) {
    const Result<std::optional<std::string>> bytes = content_of(disk_, path(slot));
    if (!bytes.ok()) return bytes.status();
    is_there_[slot] = bytes->has_value();
    if (!is_there_[slot]) continue;
    if (has_version(**bytes)) {
      Status known = check_version(**bytes, kVersion, path(slot));
      if (!known.ok()) return known;
    }
    if (!is_whole(**bytes)) {
      ++damaged;
      continue;
    }
    Slot found = parse(**bytes);
    if (!newest || found.sequence > newest->sequence) newest = std::move(found);
  }
  // The first file ever may be torn; later there is always one that is whole.
  if (damaged == 2) return data_loss(path_ + ".a and .b: both are damaged");
  if (!newest) return not_found(path_ + ": nothing is stored");
  sequence_ = newest->sequence;
  return std::move(newest->settled);
}

Status GroupFile::store(const Settled& settled) {
  const std::uint64_t sequence = sequence_ + 1;
  const std::size_t slot = sequence % 2;
  Result<std::unique_ptr<File>> file = disk_.open(path(slot), Disk::Open::Emptied);
  if (!file.ok()) return std::move(file).status();
  Status status = (*file)->write(0, encode(sequence, settled));
  if (status.ok()) status = (*file)->sync();
  if (status.ok() && !is_there_[slot]) status = disk_.sync_folder(folder_);
  if (!status.ok()) return status;
  is_there_[slot] = true;
  sequence_ = sequence;
  return {};
}

}  // namespace weft::messaging::stored
