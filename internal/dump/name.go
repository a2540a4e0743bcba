package dump

import (
	"fmt"
	"strings"
)

const (
	// maxName is how long the name of a folder may be. Most file systems take 255 bytes, some fewer.
	maxName = 200
	// maxLevels is how many levels of a topic are folders. One message with 65,535 slashes would make as many otherwise.
	maxLevels = 64
)

// Name returns the path below the folder, with slashes, of the folder for the messages of a topic. It is
// made so that any two topics have two paths, also where the file system does not tell upper from lower case or
// forms of Unicode, and that any file system takes it:
//
//   - lower case letters, digits, "_", "-" and "." stand for themselves, but for "." at the start or the end of a level
//     and "-" at the start;
//   - an upper case letter is "!" and its lower case one: "!kitchen" is Kitchen;
//   - any other byte is "%" and two hexadecimal digits, and so is the first one of a name that Windows reserves, such as "con";
//   - an empty level is "%" alone;
//   - a level that would become longer than 200 bytes goes on in a folder within: all but the last end in "+", and all but the
//     first begin with it; no "." or "-" in it stands for itself;
//   - a topic of more than 64 levels is written as one such level, with its slashes as "%2f".
//
// No name of a folder begins with "@": those are the messages.
func Name(topic string) string {
	levels := strings.Split(topic, "/")
	if len(levels) > maxLevels {
		return strings.Join(split(encodeBytes(topic, false)), "/")
	}
	names := make([]string, 0, len(levels))
	for _, level := range levels {
		names = append(names, encodeLevel(level)...)
	}
	return strings.Join(names, "/")
}

// encodeLevel returns the names of the folders for one level.
func encodeLevel(level string) []string {
	if level == "" {
		return []string{"%"}
	}
	encoded := encodeBytes(level, true)
	if first := encoded[0]; first == '.' || first == '-' || reserved(encoded) {
		encoded = escape(first) + encoded[1:]
	}
	if last := len(encoded) - 1; encoded[last] == '.' {
		encoded = encoded[:last] + escape('.')
	}
	if len(encoded) <= maxName {
		return []string{encoded}
	}
	return split(encodeBytes(level, false))
}

// encodeBytes leaves "." and "-" as they are where marks is set.
func encodeBytes(s string, marks bool) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_', marks && (c == '.' || c == '-'):
			b.WriteByte(c)
		case 'A' <= c && c <= 'Z':
			b.WriteByte('!')
			b.WriteByte(c - 'A' + 'a')
		default:
			b.WriteString(escape(c))
		}
	}
	return b.String()
}

func escape(c byte) string { return fmt.Sprintf("%%%02x", c) }

// reserved tells whether Windows takes a name for a device, whatever follows a first dot.
func reserved(name string) bool {
	name, _, _ = strings.Cut(name, ".")
	switch name {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(name) == 4 && (name[:3] == "com" || name[:3] == "lpt") && '0' <= name[3] && name[3] <= '9'
}

// split takes what is too long for one name apart, never within what stands for one byte.
func split(encoded string) []string {
	var names []string
	for begin := ""; ; begin = "+" {
		room := maxName - len(begin)
		if len(encoded) <= room {
			return append(names, begin+encoded)
		}
		at := room - 1 // for the "+"
		if i := strings.LastIndexAny(encoded[:at], "%!"); i >= 0 && i+length(encoded[i]) > at {
			at = i
		}
		names = append(names, begin+encoded[:at]+"+")
		encoded = encoded[at:]
	}
}

// length returns how many characters stand for a byte, of which the first is given.
func length(first byte) int {
	switch first {
	case '%':
		return 3
	case '!':
		return 2
	}
	return 1
}
