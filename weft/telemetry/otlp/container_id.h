#pragma once

#include <string>
#include <string_view>

namespace weft::telemetry {

/// The id of the container that a process runs in, 64 hexadecimal digits, which Docker, containerd,
/// CRI-O and Podman have; empty where there is none. `cgroup` is /proc/self/cgroup, whose paths end
/// in the id under version 1; `mounts` is /proc/self/mountinfo, where Docker and Podman mount files
/// of the container's folder under version 2 as well.
std::string container_id_of(std::string_view cgroup, std::string_view mounts);

/// That of this process.
std::string container_id();

}  // namespace weft::telemetry
