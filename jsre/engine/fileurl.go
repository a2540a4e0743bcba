package engine

import (
	"net/url"
	"path/filepath"
	"strings"
)

// fileURL is the URL of a file.
func fileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path}
	return u.String()
}

// filePath is the path that a file URL names.
func filePath(id string) (string, bool) {
	if !strings.HasPrefix(id, "file:") {
		return "", false
	}
	u, err := url.Parse(id)
	if err != nil || u.Path == "" {
		return "", false
	}
	path := u.Path
	if len(path) > 2 && path[2] == ':' { // /C:/folder
		path = path[1:]
	}
	return filepath.FromSlash(path), true
}
