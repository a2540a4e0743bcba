package mosquitto

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"dunlin/internal/testcert"
)

// writeConfig writes the configuration file and all that it names, and returns
// its path. Certificates are made at the first start and kept for the others.
func (b *Broker) writeConfig() (string, error) {
	path := filepath.Join(b.dir, "mosquitto.conf")
	lines := []string{
		// Started by root it would become the user mosquitto, who may not read the test's files.
		"user root",
		"log_dest stderr",
		"log_type all",
		"per_listener_settings false",
	}
	// Mosquitto's default of 1,000 drops messages of a test that sends many at once.
	if !b.sets("max_queued_messages") {
		lines = append(lines, "max_queued_messages 0")
	}
	if b.options.Persistence {
		lines = append(lines, "persistence true", "persistence_location "+b.dir+"/",
			"autosave_on_changes true", "autosave_interval 1")
	}
	users, err := b.userLines()
	if err != nil {
		return "", err
	}
	lines = append(lines, users...)
	lines = append(lines, fmt.Sprintf("listener %d 127.0.0.1", b.port))
	secure, err := b.tlsLines()
	if err != nil {
		return "", err
	}
	lines = append(lines, secure...)
	lines = append(lines, b.options.Config...)
	return path, os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// sets tells whether the test's own lines set the option.
func (b *Broker) sets(option string) bool {
	for _, line := range b.options.Config {
		if strings.HasPrefix(line, option+" ") {
			return true
		}
	}
	return false
}

func (b *Broker) userLines() ([]string, error) {
	if len(b.options.Users) == 0 {
		if b.sets("allow_anonymous") {
			return nil, nil
		}
		return []string{"allow_anonymous true"}, nil
	}
	var file strings.Builder
	for name, password := range b.options.Users {
		hash, err := hashPassword(password)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&file, "%s:%s\n", name, hash)
	}
	path := filepath.Join(b.dir, "users")
	return []string{"allow_anonymous false", "password_file " + path}, os.WriteFile(path, []byte(file.String()), 0o600)
}

func (b *Broker) tlsLines() ([]string, error) {
	if b.options.TLS == nil {
		return nil, nil
	}
	if b.options.Certificate == nil {
		pair := b.options.TLS.Server(b.t, testcert.Options{})
		b.options.Certificate = &pair
	}
	content := map[string][]byte{
		"ca.pem":   b.options.TLS.PEM(),
		"cert.pem": b.options.Certificate.CertPEM,
		"key.pem":  b.options.Certificate.KeyPEM,
	}
	for name, pem := range content {
		if err := os.WriteFile(filepath.Join(b.dir, name), pem, 0o600); err != nil {
			return nil, err
		}
	}
	lines := []string{
		"cafile " + filepath.Join(b.dir, "ca.pem"),
		"certfile " + filepath.Join(b.dir, "cert.pem"),
		"keyfile " + filepath.Join(b.dir, "key.pem"),
	}
	if b.options.ClientCerts {
		lines = append(lines, "require_certificate true")
	}
	return lines, nil
}

// hashPassword returns what mosquitto_passwd writes: PBKDF2 with SHA-512.
func hashPassword(password string) (string, error) {
	const iterations = 101
	salt := make([]byte, 12)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	key, err := pbkdf2.Key(sha512.New, password, salt, iterations, sha512.Size)
	if err != nil {
		return "", err
	}
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("$7$%d$%s$%s", iterations, encode(salt), encode(key)), nil
}
