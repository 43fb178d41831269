#include "weft/telemetry/otlp/container_id.h"

#include <algorithm>
#include <cstddef>
#include <fstream>

#include "weft/base/text/ascii.h"

namespace weft::telemetry {
namespace {

constexpr std::size_t kIdSize = 64;
// As much as is read of a file of /proc: a container's own mounts come early.
constexpr std::size_t kMostRead = std::size_t{256} * 1024;

bool is_id(std::string_view text) noexcept {
  return text.size() == kIdSize &&
         std::ranges::all_of(text, [](char c) { return ascii::hex_value(c) >= 0; });
}

std::string_view take_line(std::string_view& text) noexcept {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

/// ".../docker/ID", ".../docker-ID.scope", ".../kubepods-pod1.slice:cri-containerd:ID".
std::string_view id_of_cgroup(std::string_view line) noexcept {
  std::string_view last = line.substr(line.find_last_of("/:") + 1);
  constexpr std::string_view kUnit = ".scope";
  if (last.ends_with(kUnit)) last.remove_suffix(kUnit.size());
  return last.substr(last.rfind('-') + 1);
}

/// ".../containers/ID/hostname": of Docker's files, and "overlay-containers" of Podman's. What is
/// in "sandboxes" is the id of a pod.
std::string_view id_of_mount(std::string_view line) noexcept {
  constexpr std::string_view kFolder = "containers/";
  const std::size_t at = line.rfind(kFolder);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = line.substr(at + kFolder.size());
  return rest.substr(0, rest.find('/'));
}

std::string first_of(std::string_view text, std::string_view (*id_of)(std::string_view) noexcept) {
  while (!text.empty()) {
    const std::string_view id = id_of(take_line(text));
    if (is_id(id)) return std::string(id);
  }
  return {};
}

std::string content_of(const char* path) {
  std::string content(kMostRead, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<std::size_t>(in.gcount()));
  return content;
}

}  // namespace

std::string container_id_of(std::string_view cgroup, std::string_view mounts) {
  std::string id = first_of(cgroup, id_of_cgroup);
  return id.empty() ? first_of(mounts, id_of_mount) : id;
}

std::string container_id() {
  return container_id_of(content_of("/proc/self/cgroup"), content_of("/proc/self/mountinfo"));
}

}  // namespace weft::telemetry
