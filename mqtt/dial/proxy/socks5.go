package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
)

// The words of SOCKS5 (RFC 1928), and of its login (RFC 1929).
const (
	socksVersion   = 5
	loginVersion   = 1
	withoutLogin   = 0x00
	withPassword   = 0x02
	noMethod       = 0xff
	commandConnect = 1
	addressIPv4    = 1
	addressName    = 3
	addressIPv6    = 4
)

// replies are the reasons of a refusal.
var replies = [...]string{
	1: "general failure", 2: "not allowed by its rules", 3: "network unreachable", 4: "host unreachable",
	5: "connection refused", 6: "time to live expired", 7: "command not supported", 8: "address type not supported",
}

// socks5 has the proxy connect to a destination.
func socks5(conn net.Conn, user *url.Userinfo, to destination) error {
	if err := greet(conn, user); err != nil {
		return fmt.Errorf("SOCKS5: %w", err)
	}
	if err := request(conn, to); err != nil {
		return fmt.Errorf("SOCKS5: %w", err)
	}
	return nil
}

// greet agrees with the proxy on how to log in, and does it.
func greet(conn net.Conn, user *url.Userinfo) error {
	hello := []byte{socksVersion, 1, withoutLogin}
	if user != nil {
		hello = []byte{socksVersion, 2, withoutLogin, withPassword}
	}
	answer, err := ask(conn, hello, 2)
	if err != nil {
		return err
	}
	switch {
	case answer[0] != socksVersion:
		return &Error{0, fmt.Sprintf("the server answered with version %d; is it a SOCKS5 proxy?", answer[0])}
	case answer[1] == withoutLogin:
		return nil
	case answer[1] == withPassword && user != nil:
		return login(conn, user)
	case answer[1] == noMethod && user == nil:
		return &Error{0, "the proxy wants a login; put user name and password into its URL"}
	}
	return &Error{0, "the proxy wants a login of a kind that is not supported"}
}

func login(conn net.Conn, user *url.Userinfo) error {
	name := user.Username()
	password, _ := user.Password()
	if len(name) > 255 || len(password) > 255 {
		return errors.New("user name or password is longer than 255 bytes")
	}
	message := append([]byte{loginVersion, byte(len(name))}, name...)
	message = append(append(message, byte(len(password))), password...)
	answer, err := ask(conn, message, 2)
	if err != nil {
		return err
	}
	if answer[1] != 0 {
		return &Error{0, "the proxy does not take this user name and password"}
	}
	return nil
}

// request asks for the connection.
func request(conn net.Conn, to destination) error {
	message := []byte{socksVersion, commandConnect, 0}
	switch ip, err := netip.ParseAddr(to.host); {
	case err != nil:
		message = append(append(message, addressName, byte(len(to.host))), to.host...)
	case ip.Unmap().Is4():
		message = append(append(message, addressIPv4), ip.Unmap().AsSlice()...)
	default:
		message = append(append(message, addressIPv6), ip.AsSlice()...)
	}
	message = binary.BigEndian.AppendUint16(message, to.port)
	answer, err := ask(conn, message, 4)
	if err != nil {
		return err
	}
	if code := int(answer[1]); code != 0 {
		reason := "unknown reason"
		if code < len(replies) {
			reason = replies[code]
		}
		return &Error{code, fmt.Sprintf("connect to %s: the proxy answered %d, %s", to, code, reason)}
	}
	return skipBound(conn, answer[3])
}

// skipBound reads the address that the proxy connected from, of the given type.
func skipBound(conn net.Conn, kind byte) error {
	length := 0
	switch kind {
	case addressIPv4:
		length = 4
	case addressIPv6:
		length = 16
	case addressName:
		size, err := ask(conn, nil, 1)
		if err != nil {
			return err
		}
		length = int(size[0])
	default:
		return &Error{0, fmt.Sprintf("the proxy answered with an unknown address type %d", kind)}
	}
	_, err := ask(conn, nil, length+2)
	return err
}

// ask writes a message and reads an answer of n bytes, and no more.
func ask(conn net.Conn, message []byte, n int) ([]byte, error) {
	if len(message) > 0 {
		if _, err := conn.Write(message); err != nil {
			return nil, err
		}
	}
	answer := make([]byte, n)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	return answer, nil
}
