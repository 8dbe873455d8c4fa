package credentials

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/youmark/pkcs8"
)

// readKey reads the first private key in a file and decrypts it if need be. OpenSSL encrypts keys in two ways: PKCS#8 with
// PBES2 ("ENCRYPTED PRIVATE KEY", what openssl genpkey, req and pkcs8 write), and its older one of PEM headers ("Proc-Type:
// 4,ENCRYPTED", what openssl rsa and ec write).
func readKey(path, passwordPath string) (*pem.Block, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &FileError{path, err}
	}
	block := firstKey(text)
	if block == nil {
		return nil, &FileError{path, errors.New("holds no private key in PEM form")}
	}
	if !isEncrypted(block) {
		return block, nil
	}
	if passwordPath == "" {
		return nil, &FileError{path, errors.New("is encrypted, and there is no password for it")}
	}
	password, err := ReadSecret(passwordPath)
	if err != nil {
		return nil, err
	}
	key, err := decrypt(block, password)
	if err != nil {
		return nil, &FileError{passwordPath, fmt.Errorf("does not decrypt the key in %s: %w", path, err)}
	}
	return key, nil
}

func firstKey(text []byte) *pem.Block {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return block
		}
	}
	return nil
}

const encryptedPKCS8 = "ENCRYPTED PRIVATE KEY"

func isEncrypted(block *pem.Block) bool {
	return block.Type == encryptedPKCS8 || isEncryptedByHeaders(block)
}

func isEncryptedByHeaders(block *pem.Block) bool {
	return strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED")
}

func decrypt(block *pem.Block, password []byte) (*pem.Block, error) {
	if isEncryptedByHeaders(block) {
		//lint:ignore SA1019 what is weak about this form is known; whoever has keys in it can still use them
		der, err := x509.DecryptPEMBlock(block, password)
		return &pem.Block{Type: block.Type, Bytes: der}, err
	}
	key, _, err := pkcs8.ParsePrivateKey(block.Bytes, password)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return &pem.Block{Type: "PRIVATE KEY", Bytes: der}, err
}
