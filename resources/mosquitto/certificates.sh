#!/bin/sh
# Makes what mosquitto-tls.conf expects, in the folder given or in certs beside this file: a certificate authority (ca.pem),
# the broker's certificate (server.pem), one for each service (telemetry-sender.pem, telemetry-receiver.pem), and a user of
# each service's name with a password of its own (NAME.password, and passwords for the broker). Nothing of it belongs into
# version control. Needs openssl, and mosquitto_passwd for the passwords; other names of the broker go into NAMES.
set -eu

folder=${1:-$(dirname "$0")/certs}
names=${NAMES:-DNS:mosquitto-broker,DNS:localhost,IP:127.0.0.1}
days=365
services='telemetry-sender telemetry-receiver'

umask 077
mkdir -p "$folder"
cd "$folder"
if [ -e ca.key ]; then
	echo "$folder has certificates already; remove them to make new ones" >&2
	exit 1
fi

# certificate NAME EXTENSIONS: NAME.key and NAME.pem, signed by the authority.
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
	printf '%s\n' "$2" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days "$days" -extfile "$1.ext" -out "$1.pem"
	rm "$1.csr" "$1.ext"
}

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=mqttrace certificate authority' \
	-days "$days" -keyout ca.key -out ca.pem
certificate server "subjectAltName=$names
extendedKeyUsage=serverAuth"
: >passwords
for service in $services; do
	certificate "$service" 'extendedKeyUsage=clientAuth'
	openssl rand -hex 16 >"$service.password"
	if command -v mosquitto_passwd >/dev/null; then
		mosquitto_passwd -b passwords "$service" "$(cat "$service.password")"
	else
		echo "no mosquitto_passwd here: passwords is without $service" >&2
	fi
done

# The containers have users of their own: Mosquitto 1883, the services 65532. The authority's key stays with whoever ran this.
chmod 755 .
chmod 644 ./*.pem ./*.password passwords server.key telemetry-*.key
echo "made in $(pwd)"
