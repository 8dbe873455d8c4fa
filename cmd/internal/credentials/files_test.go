package credentials_test

import (
	"bytes"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/cmd/internal/credentials"
)

// The keys of testdata are all the same one, as OpenSSL 3.0 wrote it, and the certificate is its.
func TestReadKeyPair(t *testing.T) {
	keys := []struct{ file, password string }{
		{"pkcs8.pem", ""},
		{"pkcs8.pem", "password"}, // which it does not need
		{"sec1.pem", ""},
		{"pbes2-aes256.pem", "password"},
		{"pbes2-des3.pem", "password"},
		{"pbes2-scrypt.pem", "password"},
		{"headers-aes256.pem", "password"},
		{"headers-des3.pem", "password"},
	}
	for _, k := range keys {
		t.Run(k.file, func(t *testing.T) {
			files := credentials.TLSFiles{Cert: "testdata/cert.pem", Key: filepath.Join("testdata", k.file)}
			if k.password != "" {
				files.KeyPassword = filepath.Join("testdata", k.password)
			}
			pair, err := credentials.ReadKeyPair(files)
			require.NoError(t, err)
			leaf, err := x509.ParseCertificate(pair.Certificate[0])
			require.NoError(t, err)
			assert.Equal(t, "client", leaf.Subject.CommonName)
		})
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestReadKeyPairErrors(t *testing.T) {
	wrong, empty, none := write(t, "wrong\n"), write(t, "\n"), filepath.Join(t.TempDir(), "none")
	other := writeEd25519(t, bytes.Repeat([]byte{7}, 32))
	cases := []struct {
		name  string
		files credentials.TLSFiles
		path  string // of the file that is to blame
		want  string
	}{
		{"no certificate", credentials.TLSFiles{Cert: none, Key: "testdata/pkcs8.pem"}, none, "open " + none + ": no such file or directory"},
		{"no key", credentials.TLSFiles{Cert: "testdata/cert.pem", Key: none}, none, "open " + none + ": no such file or directory"},
		{"key is none", credentials.TLSFiles{Cert: "testdata/cert.pem", Key: "testdata/cert.pem"}, "testdata/cert.pem", "testdata/cert.pem: holds no private key in PEM form"},
		{"certificate is none", credentials.TLSFiles{Cert: "testdata/pkcs8.pem", Key: "testdata/pkcs8.pem"}, "testdata/pkcs8.pem", "testdata/pkcs8.pem: with the key in testdata/pkcs8.pem: tls: failed to find certificate PEM data"},
		{"another's key", credentials.TLSFiles{Cert: "testdata/cert.pem", Key: other}, "testdata/cert.pem", "private key type does not match public key type"},
		{"password missing", credentials.TLSFiles{Cert: "testdata/cert.pem", Key: "testdata/pbes2-aes256.pem"}, "testdata/pbes2-aes256.pem", "is encrypted, and there is no password for it"},
		{"wrong password, PKCS#8", credentials.TLSFiles{Cert: "testdata/cert.pem", Key: "testdata/pbes2-aes256.pem", KeyPassword: wrong}, wrong, "does not decrypt the key in testdata/pbes2-aes256.pem"},
		{"wrong password, headers", credentials.TLSFiles{Cert: "testdata/cert.pem", Key: "testdata/headers-aes256.pem", KeyPassword: wrong}, wrong, "does not decrypt the key in testdata/headers-aes256.pem"},
		{"password empty", credentials.TLSFiles{Cert: "testdata/cert.pem", Key: "testdata/pbes2-aes256.pem", KeyPassword: empty}, empty, "is empty"},
		{"no password file", credentials.TLSFiles{Cert: "testdata/cert.pem", Key: "testdata/pbes2-aes256.pem", KeyPassword: none}, none, "no such file or directory"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := credentials.ReadKeyPair(c.files)
			var file *credentials.FileError
			require.ErrorAs(t, err, &file)
			assert.Equal(t, c.path, file.Path)
			assert.ErrorContains(t, err, c.want)
			assert.NotContains(t, err.Error(), "wrong\n")
			_, err = c.files.Config("localhost")
			assert.Error(t, err)
		})
	}
}

func TestReadSecret(t *testing.T) {
	cases := []struct{ file, want string }{
		{"secret", "secret"},
		{"secret\n", "secret"},
		{"secret\r\n", "secret"},
		{"secret\n\n", "secret\n"}, // one line break, no more
		{" secret ", " secret "},
	}
	for _, c := range cases {
		got, err := credentials.ReadSecret(write(t, c.file))
		require.NoError(t, err)
		assert.Equal(t, c.want, string(got))
	}
}

func TestConfig(t *testing.T) {
	config, err := credentials.TLSFiles{CA: "testdata/cert.pem", Cert: "testdata/cert.pem", Key: "testdata/sec1.pem"}.Config("localhost")
	require.NoError(t, err)
	assert.Equal(t, "localhost", config.ServerName)
	assert.False(t, config.InsecureSkipVerify)
	assert.NotNil(t, config.RootCAs)
	assert.Len(t, config.Certificates, 1)

	config, err = credentials.TLSFiles{}.Config("example.test")
	require.NoError(t, err)
	assert.Nil(t, config.RootCAs, "the system's")
	assert.Empty(t, config.Certificates)

	_, err = credentials.TLSFiles{CA: "testdata/password"}.Config("localhost")
	assert.EqualError(t, err, "testdata/password: holds no certificate in PEM form")
}
