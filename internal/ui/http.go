package ui

import (
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/coder/websocket"
)

// socketPath is where the page asks for its WebSocket.
const socketPath = "/socket"

// maxViewers is how many pages may be open at once.
const maxViewers = 32

// maxAsk is the longest text that a page may send: a payload of 16 MiB in base64, and what belongs to it.
const maxAsk = 24 << 20

// handler serves the page and its WebSocket.
func (s *Server) handler() http.Handler {
	return s.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == socketPath {
			s.serveSocket(w, r)
			return
		}
		s.serveFile(w, r)
	}))
}

// serveFile serves a file of the page. None of them is secret.
func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	if name == "" {
		name = "index.html"
	}
	content, err := fs.ReadFile(s.options.Page, name)
	if err != nil {
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", contentType(name))
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(content) // a browser that has gone does not miss it
	}
}

// contentType returns the type of a file by its name. The system's own table is not asked: it may be wrong.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".txt":
		return mime.FormatMediaType("text/plain", map[string]string{"charset": "utf-8"})
	}
	return "application/octet-stream"
}

// serveSocket serves a viewer for as long as its page is open.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Header.Get("Origin") == "": // every browser says it
		http.Error(w, "The origin of the page is missing.", http.StatusForbidden)
		return
	case !s.knowsToken(r):
		http.Error(w, "The token is wrong. Use the address that dunlin ui has printed.", http.StatusForbidden)
		return
	}
	entered := s.hub.enter()
	if entered {
		defer s.hub.leave()
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:       []string{subprotocol},
		InsecureSkipVerify: true, // guard has looked at the origin
		CompressionMode:    websocket.CompressionDisabled,
	})
	if err != nil {
		return // which was answered
	}
	if !entered { // said here, for an answer of HTTP is not shown to the page
		_ = conn.Close(websocket.StatusTryAgainLater, fmt.Sprintf("%d pages are open, and no more may be: close one of them", maxViewers))
		return
	}
	conn.SetReadLimit(maxAsk)
	newViewer(s.hub, conn).serve()
}
