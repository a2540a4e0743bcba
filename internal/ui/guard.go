package ui

import (
	"cmp"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// policy allows the page what it is made of, and nothing else: no code within the page, no other server, no frame, no form.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// headers are those of every answer.
var headers = map[string]string{
	"Content-Security-Policy":      policy,
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"Permissions-Policy":           "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
	"X-Frame-Options":              "DENY",
	"Cache-Control":                "no-store",
}

// The WebSocket's subprotocols: the page offers both, and gets the first.
const (
	subprotocol = "dunlin"
	tokenPrefix = "token."
)

// guard lets requests through that come from our own page, or from the address line of a browser on this machine.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		switch {
		case !s.knownHost(r.Host):
			http.Error(w, "This server is not known by that name. Use the address that dunlin ui has printed.", http.StatusMisdirectedRequest)
		case foreign(r):
			http.Error(w, "Another page may not ask this server.", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Only GET and HEAD are served.", http.StatusMethodNotAllowed)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// knownHost reports whether a Host header names this server. A name that another DNS server has pointed here, to have its page
// read ours (DNS rebinding), is none of: an address, localhost, and the name that the command was given. The port may be another
// one, as that of a tunnel is.
func (s *Server) knownHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	if name == "localhost" || s.options.Host != "" && name == strings.ToLower(s.options.Host) {
		return true
	}
	address, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	return address.IsLoopback() || !s.onLoopback()
}

// onLoopback reports whether only this machine reaches the listener.
func (s *Server) onLoopback() bool {
	tcp, ok := s.options.Listener.Addr().(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

// foreign reports whether a request comes from a page that is not ours.
func foreign(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return len(r.Header.Values("Origin")) > 1 || origin != "" && !strings.EqualFold(origin, "http://"+r.Host)
}

// knowsToken reports whether a request for a WebSocket has the token, in a time that does not tell how much of it is right.
func (s *Server) knowsToken(r *http.Request) bool {
	right := 0
	for _, line := range r.Header.Values("Sec-WebSocket-Protocol") {
		for word := range strings.SplitSeq(line, ",") {
			if token, found := strings.CutPrefix(strings.TrimSpace(word), tokenPrefix); found {
				right |= subtle.ConstantTimeCompare([]byte(token), []byte(s.token))
			}
		}
	}
	return right == 1
}

// shownHost returns host and port for the address of a page: name if there is one, else the listener's address, and that of this
// machine where it is all addresses.
func shownHost(address net.Addr, name string) string {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return cmp.Or(name, address.String())
	}
	host, port, _ := net.SplitHostPort(tcp.String())
	if tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(cmp.Or(name, host), port)
}
