package proxy

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// maxHead is the longest answer to CONNECT that is taken, in bytes.
const maxHead = 16 << 10

// httpConnect asks an HTTP proxy for a tunnel (RFC 9110 section 9.3.6).
func httpConnect(conn net.Conn, user *url.Userinfo, to destination) error {
	request := "CONNECT " + to.String() + " HTTP/1.1\r\nHost: " + to.String() + "\r\n"
	if user != nil {
		password, _ := user.Password()
		request += "Proxy-Authorization: Basic " +
			base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)) + "\r\n"
	}
	if _, err := io.WriteString(conn, request+"\r\n"); err != nil {
		return fmt.Errorf("CONNECT: %w", err)
	}
	head, err := readHead(conn)
	if err != nil {
		return fmt.Errorf("CONNECT: %w", err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(head)), &http.Request{Method: http.MethodConnect})
	if err != nil { // it quotes the answer, which may be our request: an echo
		return errors.New("CONNECT: the answer is not HTTP; is it an HTTP proxy?")
	}
	_ = resp.Body.Close() // it has none
	if resp.StatusCode/100 == 2 {
		return nil
	}
	what := fmt.Sprintf("CONNECT %s: the proxy answered %d %s", to, resp.StatusCode, http.StatusText(resp.StatusCode))
	if resp.StatusCode == http.StatusProxyAuthRequired {
		what += "; put user name and password into the proxy's URL"
		if user != nil {
			what = fmt.Sprintf("CONNECT %s: the proxy answered 407; it does not take this user name and password", to)
		}
	}
	return &Error{resp.StatusCode, what}
}

// readHead reads up to the empty line and not a byte further: what follows is the
// broker's. One byte at a time it needs no buffer that would wrap the connection.
func readHead(conn net.Conn) ([]byte, error) {
	var head []byte
	next := make([]byte, 1)
	for len(head) < maxHead {
		if _, err := io.ReadFull(conn, next); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		head = append(head, next[0])
		if bytes.HasSuffix(head, []byte("\r\n\r\n")) || bytes.HasSuffix(head, []byte("\n\n")) {
			return head, nil
		}
	}
	return nil, fmt.Errorf("the answer has more than %d bytes before its body", maxHead)
}
