package mqtt_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/youmark/pkcs8"
)

// encrypted returns a PEM key as PKCS #8 encrypts it.
func encrypted(t *testing.T, key []byte, password string) []byte {
	t.Helper()
	block, _ := pem.Decode(key)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	der, err := pkcs8.MarshalPrivateKey(parsed, []byte(password), nil)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})
}
