#!/usr/bin/env bash
# Makes a test CA and a server's certificate with the names of gRPC's own test certificates:
#   make_certificates.sh DIR      writes ca.pem, server1.pem, server1.key (and ca.key) there
# They are good for two days; nothing that is meant to last should trust this CA.
set -euo pipefail

readonly directory=${1:?usage: make_certificates.sh DIR}
readonly openssl=${OPENSSL:-openssl}
mkdir -p "$directory"
cd "$directory"

new_key() { "$openssl" ecparam -name prime256v1 -genkey -noout -out "$1"; }

new_key ca.key
"$openssl" req -x509 -new -key ca.key -days 2 -subj "/O=weft interop/CN=testca" -out ca.pem \
  -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"

new_key server1.key
"$openssl" req -new -key server1.key -subj "/O=weft interop/CN=*.test.google.com" -out server1.csr
cat >server1.ext <<'EXTENSIONS'
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:*.test.google.fr,DNS:waterzooi.test.google.be,DNS:*.test.youtube.com,IP:192.168.1.3
EXTENSIONS
"$openssl" x509 -req -in server1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
  -extfile server1.ext -out server1.pem 2>/dev/null
rm -f server1.csr server1.ext ca.srl
