#include "weft/messaging/log/internal/group/begun_file.h"

#include "weft/messaging/log/internal/file_format.h"
#include "weft/messaging/log/internal/little_endian.h"

namespace weft::messaging::stored {
namespace {

constexpr std::string_view kMagic = "weftbgn\n";
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kHeader = 12;
constexpr std::size_t kPlace = 16;
constexpr std::size_t kChecked = 12;  // of a place

BegunFile::Tries places_of(std::string_view bytes) {
  BegunFile::Tries tries;
  for (std::size_t at = kHeader; at + kPlace <= bytes.size(); at += kPlace) {
    const std::string_view place = bytes.substr(at, kPlace);
    const auto sum = number_at<std::uint32_t>(place, kChecked);
    // CRC-32 of zeros is not zero.
    if (sum != checksum(place.substr(0, kChecked))) continue;
    tries[number_at<std::uint64_t>(place, 0)] = number_at<std::uint32_t>(place, 8);
  }
  return tries;
}

}  // namespace

Result<BegunFile::Left> BegunFile::read(Disk& disk, const std::string& path) {
  const Result<std::unique_ptr<File>> file = disk.open(path, Disk::Open::Existing);
  if (file.status().code() == StatusCode::NotFound) return Left{};
  if (!file.ok()) return file.status();
  const Result<std::uint64_t> size = (*file)->size();
  if (!size.ok()) return size.status();
  const Result<std::string> bytes = (*file)->read(0, *size);
  if (!bytes.ok()) return bytes.status();
  // It may have died while it made the file.
  if (bytes->size() < kHeader || !bytes->starts_with(kMagic))
    return Left{.died = true, .tries = {}};
  Status known = check_version(*bytes, kVersion, path);
  if (!known.ok()) return known;
  return Left{.died = true, .tries = places_of(*bytes)};
}

Result<std::unique_ptr<BegunFile>> BegunFile::make(Disk& disk, const std::string& path) {
  Result<std::unique_ptr<File>> file = disk.open(path, Disk::Open::Emptied);
  if (!file.ok()) return std::move(file).status();
  std::string header(kMagic);
  put_number(header, kVersion);
  put_number(header, std::uint16_t{0});
  Status written = (*file)->write(0, header);
  if (!written.ok()) return written;
  return std::unique_ptr<BegunFile>(new BegunFile(*std::move(file)));
}

Status BegunFile::begin(std::uint64_t offset, std::uint32_t tries) {
  auto place = places_.find(offset);
  if (place == places_.end()) {
    // As many places as handlers have been at work at the same time.
    if (free_.empty()) free_.push_back(places_.size());
    place = places_.emplace(offset, free_.back()).first;
    free_.pop_back();
  }
  std::string bytes;
  put_number(bytes, offset);
  put_number(bytes, tries);
  put_number(bytes, checksum(bytes));
  return file_->write(kHeader + place->second * kPlace, bytes);
}

Status BegunFile::end(std::uint64_t offset) {
  const auto place = places_.find(offset);
  if (place == places_.end()) return {};
  const std::size_t at = kHeader + place->second * kPlace;
  free_.push_back(place->second);
  places_.erase(place);
  return file_->write(at, std::string(kPlace, '\0'));
}

}  // namespace weft::messaging::stored
