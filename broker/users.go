package broker

import (
	"bufio"
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// maxIterations bounds the work of one password check.
const maxIterations = 10_000_000

// User is someone who may connect.
type User struct {
	Name     string
	Password string // as it is, or a hash as ParseUsers takes it
}

// ParseUsers reads the text of a users file: a line name:password a user, where
// the name has no colon. Empty lines and lines that start with # are left out.
// The password stands there as it is, or as mosquitto_passwd of Mosquitto 2
// writes it ($7$ITERATIONS$SALT$HASH: PBKDF2 with SHA-512). Other hashes are an
// error, so that none is taken for a password by accident.
func ParseUsers(text []byte) ([]User, error) {
	var users []User
	lines := bufio.NewScanner(bytes.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimRight(lines.Text(), "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, password, ok := strings.Cut(line, ":")
		if !ok || name == "" {
			return nil, fmt.Errorf("line %d: no name and password; write name:password", number)
		}
		if _, err := newCredential(password); err != nil {
			return nil, fmt.Errorf("line %d: user %q: %w", number, name, err)
		}
		users = append(users, User{Name: name, Password: password})
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	return users, nil
}

func readUsersFile(path string) ([]User, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("broker: users file: %w", err)
	}
	users, err := ParseUsers(text)
	if err != nil {
		return nil, fmt.Errorf("broker: users file %s: %w", path, err)
	}
	return users, nil
}

// credential checks a password. The zero value takes the empty one.
type credential struct {
	key        []byte // the password, or with iterations its hash
	salt       []byte
	iterations int
}

// newCredential reads a password or hash as ParseUsers describes it.
func newCredential(password string) (credential, error) {
	kind, rest, ok := hashKind(password)
	if !ok {
		return credential{key: []byte(password)}, nil
	}
	if kind != "7" {
		return credential{}, fmt.Errorf("hash of kind $%s$ is not known; use mosquitto_passwd of Mosquitto 2 ($7$)", kind)
	}
	fields := strings.Split(rest, "$")
	if len(fields) != 3 {
		return credential{}, fmt.Errorf("hash is not $7$ITERATIONS$SALT$HASH")
	}
	iterations, err := strconv.Atoi(fields[0])
	if err != nil || iterations < 1 || iterations > maxIterations {
		return credential{}, fmt.Errorf("hash has %q iterations; want 1 to %d", fields[0], maxIterations)
	}
	salt, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return credential{}, fmt.Errorf("salt of the hash: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil || len(key) != sha512.Size {
		return credential{}, fmt.Errorf("hash is not %d bytes in base64", sha512.Size)
	}
	return credential{key: key, salt: salt, iterations: iterations}, nil
}

// hashKind splits $KIND$rest, with a kind as crypt(3) knows them.
func hashKind(s string) (kind, rest string, ok bool) {
	if !strings.HasPrefix(s, "$") {
		return "", "", false
	}
	kind, rest, ok = strings.Cut(s[1:], "$")
	if !ok || kind == "" || len(kind) > 8 {
		return "", "", false
	}
	known := kind == "y" || kind == "gy" || strings.HasPrefix(kind, "argon2") || strings.HasPrefix(kind, "scrypt") ||
		(kind[0] >= '0' && kind[0] <= '9')
	return kind, rest, known
}

// matches tells whether the password is the right one, in the same time for
// every wrong one.
func (c credential) matches(password []byte) bool {
	if c.iterations == 0 {
		return subtle.ConstantTimeCompare(c.key, password) == 1
	}
	key, err := pbkdf2.Key(sha512.New, string(password), c.salt, c.iterations, len(c.key))
	return err == nil && subtle.ConstantTimeCompare(c.key, key) == 1
}
