package connect

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"dunlin/mqtt/dial"
)

// servers returns the URLs of Servers. What is no URL is a host, or host and port, and for the rest as the
// first server.
func (o *Options) servers() ([]string, error) {
	if len(o.Servers) == 0 {
		return nil, nil
	}
	first, err := dial.ParseAddress(o.Address())
	if err != nil {
		return nil, &Error{Field: "Servers", Err: err}
	}
	var urls []string
	for _, word := range o.Servers {
		raw, err := o.server(&first, word)
		if err != nil {
			return nil, &Error{Field: "Servers", Err: err}
		}
		urls = append(urls, raw)
	}
	return urls, nil
}

// server returns the URL for one of Servers.
func (o *Options) server(first *dial.Address, word string) (string, error) {
	raw := word
	if word == "" {
		return "", errors.New("a server is empty")
	}
	if !strings.Contains(word, "://") && !strings.HasPrefix(word, "unix:/") {
		if net.ParseIP(word) != nil { // of IPv6, without brackets
			word = hostPort(word, 0)
		}
		u := url.URL{Scheme: strings.TrimSuffix(first.Scheme, "+srv"), Host: word, RawQuery: first.Query}
		raw = u.String()
		if path := first.Path; path != "" {
			before, query, has := strings.Cut(raw, "?")
			raw = before + path
			if has {
				raw += "?" + query
			}
		}
	}
	a, err := dial.ParseAddress(raw)
	switch {
	case err != nil:
		return "", err
	case a.User != nil:
		return "", fmt.Errorf("%s comes with a user name; all servers get the same, which is given apart from them", a)
	case a.TLS != first.TLS:
		return "", fmt.Errorf("%s and %s: either all servers have TLS or none has", first, a)
	case first.Network == "unix" && !strings.HasPrefix(word, "unix:"):
		return "", errors.New("a socket of this machine has no other servers than such")
	}
	return raw, nil
}
