package mosquittocli

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// optionsFileArgument looks for -o before anything else is read, even where another option's value says so.
func optionsFileArgument(args []string) (file string, given bool, err error) {
	for i := 0; i < len(args); i++ {
		if args[i] != "-o" {
			continue
		}
		if given {
			return "", false, misuse("Error: Duplicate -o argument given.\n\n")
		}
		if i+1 == len(args) {
			return "", false, misuse("Error: -o argument given but no options file specified.\n\n")
		}
		i++
		file, given = args[i], true
	}
	return file, given, nil
}

// readOptionsFile reads the file of -o, or else the user's own.
func (p *parser) readOptionsFile(file string, given bool) error {
	if !given {
		file = p.usersOptionsFile()
	}
	if file == "" {
		return nil
	}
	f, err := os.Open(file)
	if err == nil {
		defer f.Close() //nolint:errcheck // it was only read
		err = p.lines(f)
	}
	var failure *os.PathError
	if errors.As(err, &failure) { // Mosquitto 2.1.2 goes on without a word, even where the file was named
		return nil
	}
	return err
}

// usersOptionsFile returns the path of the file that holds without -o. An empty XDG_CONFIG_HOME stands for no file.
func (p *parser) usersOptionsFile() string {
	for i := len(p.env.Env) - 1; i >= 0; i-- {
		if folder, found := strings.CutPrefix(p.env.Env[i], "XDG_CONFIG_HOME="); found {
			if folder == "" {
				return ""
			}
			return filepath.Join(folder, string(p.tool))
		}
	}
	if home := p.env.Getenv("HOME"); home != "" {
		return filepath.Join(home, ".config", string(p.tool))
	}
	return ""
}

// longestLine is where Mosquitto cuts the lines of an options file.
const longestLine = 1023

// lines reads an options file: an option a line, and after a space its value as it is to the end of the line, without quotes or
// escapes. A line that begins with # is a comment.
func (p *parser) lines(r io.Reader) error {
	lines := bufio.NewReaderSize(r, longestLine+1)
	for {
		line, err := readLine(lines)
		if err != nil && line == "" {
			if err == io.EOF { //nolint:errorlint // a Reader returns it bare
				return nil
			}
			return err
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		line, _, _ = strings.Cut(line, "\x00")
		line = strings.TrimLeft(strings.TrimRight(line, "\r\n"), " ")
		option, value, _ := strings.Cut(line, " ")
		if option == "" || option == "-o" {
			continue
		}
		if err := p.line(option, value); err != nil {
			return err
		}
	}
}

// readLine returns the next line with its end, or as much of it as Mosquitto takes for a line.
func readLine(r *bufio.Reader) (string, error) {
	var b []byte
	for len(b) < longestLine {
		c, err := r.ReadByte()
		if err != nil {
			return string(b), err
		}
		if b = append(b, c); c == '\n' {
			break
		}
	}
	return string(b), nil
}

// line reads one line: what stands behind an option that has no value is an option of its own.
func (p *parser) line(option, value string) error {
	if value == "" {
		return p.words([]string{option})
	}
	return p.words([]string{option, value})
}
