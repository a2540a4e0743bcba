package connect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"dunlin/mqtt"
)

// longestPassword is the most that MQTT has room for [MQTT-1.5.6-1].
const longestPassword = 65535

// PasswordFile returns the first line of a file as a password. others reports whether the group or all
// users of the machine may read the file; Windows does not say that in its permissions. The error does not
// show what is in the file.
func PasswordFile(path string) (password mqtt.Secret, others bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, false, err
	}
	others = info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0 && runtime.GOOS != "windows"
	text, err := io.ReadAll(io.LimitReader(file, longestPassword+2))
	if err != nil {
		return nil, others, err
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case len(line) == 0:
		return nil, others, fmt.Errorf("%s: %w", path, errEmptyPassword)
	case len(line) > longestPassword:
		return nil, others, fmt.Errorf("%s: %w", path, errLongPassword)
	}
	return mqtt.Secret(line), others, nil
}

var (
	errEmptyPassword = errors.New("the first line, which is the password, is empty")
	errLongPassword  = errors.New("the first line, which is the password, is longer than 65535 bytes")
)
