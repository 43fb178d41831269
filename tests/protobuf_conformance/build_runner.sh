#!/usr/bin/env bash
# build_runner.sh FOLDER: builds protobuf's conformance_test_runner from Debian's source package in FOLDER, which lies outside of
# the repository, and leaves it there with the .proto files of the messages that it sends. Needs libprotobuf-dev, libprotoc-dev,
# protobuf-compiler, libjsoncpp-dev and dpkg-dev, and no entry for sources among apt's: it brings its own.
set -euo pipefail

readonly folder=$1 version=3.21.12
readonly source=$folder/protobuf-$version
mkdir -p "$folder/lists/partial"

# download PACKAGE: with lists of our own, as most machines have none for sources.
download() {
  local distribution
  distribution=$(. /etc/os-release && echo "$VERSION_CODENAME")
  local options=(-q -o "Dir::Etc::sourcelist=$folder/sources.list" -o "Dir::Etc::sourceparts=-"
    -o "Dir::State::lists=$folder/lists")
  echo "deb-src http://deb.debian.org/debian $distribution main" >"$folder/sources.list"
  apt-get "${options[@]}" update
  (cd "$folder" && apt-get "${options[@]}" source --download-only "$1")
}

[[ -f $(echo "$folder"/protobuf_$version*.orig.tar.gz) ]] || download protobuf
[[ -d $source ]] || tar -xzf "$folder"/protobuf_$version*.orig.tar.gz -C "$folder"

cd "$source"
protoc -Iconformance --cpp_out=conformance conformance/conformance.proto
# The messages get a folder of their own: below src/ are headers that belong to the protobuf of the source package.
mkdir -p messages/google/protobuf
cp src/google/protobuf/test_messages_proto[23].proto messages/google/protobuf
protoc -Imessages --cpp_out=messages google/protobuf/test_messages_proto2.proto google/protobuf/test_messages_proto3.proto
# Debian's jsoncpp instead of the copy, which the package leaves out.
mkdir -p jsoncpp/third_party/jsoncpp
echo '#include <json/json.h>' >jsoncpp/third_party/jsoncpp/json.h
# Headers of protobuf that its library has and Debian's package of headers has not.
mkdir -p stubs/google/protobuf/stubs
cp src/google/protobuf/stubs/stringprintf.h stubs/google/protobuf/stubs

objects=()
for file in conformance/conformance.pb conformance/binary_json_conformance_suite conformance/text_format_conformance_suite \
  conformance/conformance_test conformance/conformance_test_runner conformance/conformance_test_main \
  messages/google/protobuf/test_messages_proto2.pb messages/google/protobuf/test_messages_proto3.pb; do
  objects+=("$file.o")
  [[ $file.o -nt $file.cc ]] ||
    g++ -std=c++17 -O1 -w -Ijsoncpp -Istubs -I/usr/include/jsoncpp -Iconformance -Imessages -c "$file.cc" -o "$file.o"
done
g++ "${objects[@]}" -lprotobuf -ljsoncpp -lpthread -o "$folder/conformance_test_runner"
