#include "weft/telemetry/otlp/container_id.h"

#include <string>

#include <gtest/gtest.h>

namespace weft::telemetry {
namespace {

const std::string kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string kOther(64, 'e');

TEST(ContainerId, IsWhatTheCgroupOfVersion1EndsIn) {
  EXPECT_EQ(container_id_of("4:memory:/docker/" + kId + "\n3:cpuset:/\n", ""), kId);
  EXPECT_EQ(container_id_of("12:pids:/\n1:name=systemd:/system.slice/docker-" + kId + ".scope", ""),
            kId);
  EXPECT_EQ(container_id_of("1:name=systemd:/kubepods/burstable/pod1-2/" + kId, ""), kId);
  EXPECT_EQ(container_id_of("1:cpu:/kubepods.slice/kubepods-pod1.slice:cri-containerd:" + kId, ""),
            kId);
  EXPECT_EQ(container_id_of("1:cpu:/kubepods.slice/crio-" + kId + ".scope\n", ""), kId);
}

TEST(ContainerId, IsTheFolderOfMountedFilesUnderVersion2) {
  const std::string docker = "812 791 254:1 /docker/containers/" + kId +
                             "/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n";
  EXPECT_EQ(container_id_of("0::/\n", "1 2 0:1 / / rw - overlay overlay rw\n" + docker), kId);
  EXPECT_EQ(container_id_of("0::/", "9 8 0:5 /containers/overlay-containers/" + kId +
                                        "/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw"),
            kId);
}

TEST(ContainerId, IsNotThatOfAPod) {
  EXPECT_EQ(container_id_of("0::/", "9 8 0:5 /containerd/io.containerd.grpc.v1.cri/sandboxes/" +
                                        kOther + "/hostname /etc/hostname rw - ext4 /dev/a rw"),
            "");
}

TEST(ContainerId, OutsideOfContainersThereIsNone) {
  EXPECT_EQ(container_id_of("0::/user.slice/user-1000.slice/session-2.scope\n",
                            "22 27 0:21 / /proc rw,relatime - proc proc rw\n"),
            "");
  EXPECT_EQ(container_id_of("4:memory:/docker/" + kId.substr(1), "a containers/"), "");
  EXPECT_EQ(container_id_of("4:memory:/docker/" + std::string(64, 'g'), ""), "");
  EXPECT_EQ(container_id_of("", ""), "");
}

}  // namespace
}  // namespace weft::telemetry
