#!/usr/bin/env bash
# A CA, a server's certificate, and those of two clients: make_certificates.sh DIR
# What a company's CA, cert-manager or SPIRE does in production. Good for 30 days.
set -euo pipefail

mkdir -p "${1:?usage: make_certificates.sh DIR}"
cd "$1"

# certificate NAME SUBJECT_ALT_NAME USAGE
certificate() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
  openssl req -new -key "$1.key" -subj "/O=Example/CN=$1" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -out "$1.pem" \
    -extfile <(printf 'subjectAltName=%s\nextendedKeyUsage=%s\n' "$2" "$3") 2>/dev/null
  rm "$1.csr"
}

openssl ecparam -name prime256v1 -genkey -noout -out ca.key
openssl req -x509 -new -key ca.key -days 30 -subj "/O=Example/CN=Example CA" -out ca.pem

certificate server DNS:localhost,IP:127.0.0.1 serverAuth
certificate reader URI:spiffe://example.org/reader clientAuth
certificate guest URI:spiffe://example.org/guest clientAuth
