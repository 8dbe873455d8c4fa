// Package credentials reads what the services prove themselves with, from the files in which Kubernetes and OpenSSL leave it:
// authorities, certificates, private keys that may be encrypted, passwords, and service account tokens, which it watches for
// renewal. Package settings is its user; errors name the file and never what is in it.
package credentials
