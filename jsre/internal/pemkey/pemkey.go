// Package pemkey opens private keys that scripts give for TLS.
package pemkey

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/youmark/pkcs8"
)

// Decrypt returns the PEM text of a key without its encryption, if it has one:
// that of PKCS #8 or the older one of PEM itself. option is where the script gives the password.
func Decrypt(text, password []byte, option string) ([]byte, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("holds no PEM key")
	}
	old := x509.IsEncryptedPEMBlock(block) //nolint:staticcheck // weak, but keys in this form exist
	if !old && block.Type != "ENCRYPTED PRIVATE KEY" {
		return text, nil
	}
	if len(password) == 0 {
		return nil, fmt.Errorf("is encrypted; give %s", option)
	}
	if old {
		der, err := x509.DecryptPEMBlock(block, password) //nolint:staticcheck // weak, but keys in this form exist
		if err != nil {
			return nil, fmt.Errorf("cannot be decrypted with %s", option)
		}
		return pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: der}), nil
	}
	key, err := pkcs8.ParsePKCS8PrivateKey(block.Bytes, password)
	if err != nil {
		return nil, fmt.Errorf("cannot be decrypted with %s", option)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("is of a kind that TLS does not know: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
