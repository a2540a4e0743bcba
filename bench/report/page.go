package report

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// frame is a page that does not exist yet.
const frame = "# Performance\n\n"

// begin and end are the markers of a section in a page.
func begin(name string) string { return "<!-- bench " + name + " -->" }
func end(name string) string   { return "<!-- end of bench " + name + " -->" }

// Fill puts r's sections between their markers in the page. A section that has no
// markers is left out, unless the page is empty: then it gets all. What r does not
// have stays as it is.
func (r *Report) Fill(page string) (string, error) { return fill(page, r.Sections()) }

func fill(page string, sections []Section) (string, error) {
	fresh := page == ""
	if fresh {
		page = frame
	}
	for _, s := range sections {
		body := begin(s.Name) + "\n" + strings.TrimSpace(s.Text) + "\n" + end(s.Name)
		if fresh {
			page += body + "\n\n"
			continue
		}
		before, rest, ok := strings.Cut(page, begin(s.Name))
		if !ok {
			continue
		}
		_, after, ok := strings.Cut(rest, end(s.Name))
		if !ok {
			return "", fmt.Errorf("the page has %s but not %s behind it", begin(s.Name), end(s.Name))
		}
		page = before + body + after
	}
	return strings.TrimRight(page, "\n") + "\n", nil
}

// Write fills the page in a file, which is made when it is missing.
func (r *Report) Write(file string) error { return write(file, r.Sections()) }

func write(file string, sections []Section) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	page, err := fill(string(old), sections)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(page), 0o644)
}
