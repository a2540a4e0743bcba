package mqttjs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/dop251/goja"

	"dunlin/mqtt/dial"
	"dunlin/mqtt/dial/ws"
)

func outsideAliases(alias, most int) string {
	return fmt.Sprintf("Received Topic Alias %d is outside the advertised Topic Alias Maximum range 1-%d", alias, most)
}

// packetFault reports whether an error is about what a server sent rather than about the transport.
func packetFault(err error) bool {
	var op *net.OpError
	var stage *dial.Error
	var sys syscall.Errno
	return !errors.As(err, &op) && !errors.As(err, &stage) && !errors.As(err, &sys)
}

// errorValue is an error of the transport as scripts get it, with the code of Node.js; nil for one
// that is not told, because there it has no code.
func (c *client) errorValue(err error) goja.Value {
	var handshake *ws.HandshakeError
	var closed *ws.CloseError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed), errors.As(err, &handshake), errors.As(err, &closed),
		errors.Is(err, ws.ErrNoCloseFrame), errors.Is(err, ws.ErrTextFrame):
		return nil
	}
	if v := c.hungUp(err); v != nil {
		return v
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		code, errno := "ENOTFOUND", -3008
		if dns.IsTemporary || dns.IsTimeout {
			code, errno = "EAI_AGAIN", -3001
		}
		return c.vm.NewError("Error", "", "getaddrinfo "+code+" "+dns.Name, "errno", errno, "code", code, "syscall", "getaddrinfo", "hostname", dns.Name)
	}
	if v := c.tlsError(err); v != nil {
		return v
	}
	return c.systemError(err)
}

// errnoNames are those that a connection ends with.
var errnoNames = map[syscall.Errno]string{
	syscall.ECONNREFUSED: "ECONNREFUSED", syscall.ECONNRESET: "ECONNRESET", syscall.EPIPE: "EPIPE", syscall.ETIMEDOUT: "ETIMEDOUT",
	syscall.EHOSTUNREACH: "EHOSTUNREACH", syscall.ENETUNREACH: "ENETUNREACH", syscall.EACCES: "EACCES", syscall.ENOENT: "ENOENT",
	syscall.ECONNABORTED: "ECONNABORTED", syscall.EADDRNOTAVAIL: "EADDRNOTAVAIL",
}

func (c *client) systemError(err error) goja.Value {
	var errno syscall.Errno
	var op *net.OpError
	isOp := errors.As(err, &op)
	if !errors.As(err, &errno) {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			errno = syscall.ETIMEDOUT
		} else if packetFault(err) {
			return c.plainError(err.Error())
		} else {
			return c.vm.NewError("Error", "", err.Error(), "code", "ECONNRESET")
		}
	}
	code, known := errnoNames[errno]
	if !known {
		code = "EIO"
	}
	call := "read"
	if isOp && op.Op == "dial" {
		call = "connect"
	}
	text := call + " " + code
	e := c.vm.NewError("Error", "", text, "errno", -int(errno), "code", code, "syscall", call)
	if call != "connect" || op.Addr == nil {
		return e
	}
	_ = e.Set("message", text+" "+op.Addr.String())
	if tcp, ok := op.Addr.(*net.TCPAddr); ok {
		_ = e.Set("address", tcp.IP.String())
		_ = e.Set("port", tcp.Port)
		_ = e.Set("message", fmt.Sprintf("%s %s:%d", text, tcp.IP, tcp.Port))
	} else {
		_ = e.Set("address", op.Addr.String())
	}
	return e
}

// tlsError is an error of the handshake with the code that Node.js has for it, nil for another one.
func (c *client) tlsError(err error) goja.Value {
	if v := c.alertError(err); v != nil {
		return v
	}
	var stage *dial.Error
	if !errors.As(err, &stage) || stage.Stage != dial.StageTLS {
		return nil
	}
	var host x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	code, text := "ERR_SSL_SSL", stage.Err.Error()
	switch {
	case errors.As(err, &host):
		code, text = "ERR_TLS_CERT_ALTNAME_INVALID", "Hostname/IP does not match certificate's altnames: "+altNames(host)
	case errors.As(err, &authority):
		code, text = unknownAuthority(err)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		code, text = "CERT_HAS_EXPIRED", "certificate has expired"
	case errors.As(err, &record):
		code, text = "ERR_SSL_WRONG_VERSION_NUMBER", "wrong version number"
	case errors.Is(err, syscall.ECONNRESET):
		return c.systemError(err)
	case errors.Is(err, io.EOF):
		code, text = "ECONNRESET", "Client network socket disconnected before secure TLS connection was established"
	}
	return c.vm.NewError("Error", "", text, "code", code)
}

// hungUp is the error of a WebSocket handshake that the server has ended, nil for another one.
func (c *client) hungUp(err error) goja.Value {
	var stage *dial.Error
	if !errors.As(err, &stage) || stage.Stage != dial.StageWebSocket {
		return nil
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return c.vm.NewError("Error", "", "socket hang up", "code", "ECONNRESET")
	}
	return nil
}

// alertError is an alert of TLS that the server sent, nil for another error.
func (c *client) alertError(err error) goja.Value {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return nil
	}
	text := strings.TrimPrefix(op.Err.Error(), "tls: ")
	family := "TLSV1"
	switch text {
	case "certificate required":
		family = "TLSV13"
	case "bad certificate", "unsupported certificate", "revoked certificate", "expired certificate", "unknown certificate", "handshake failure":
		family = "SSLV3"
	case "unknown certificate authority":
		text = "unknown ca"
	}
	code := "ERR_SSL_" + family + "_ALERT_" + strings.ToUpper(strings.ReplaceAll(text, " ", "_"))
	return c.vm.NewError("Error", "", op.Error(), "code", code)
}

// unknownAuthority is how Node.js names an authority that is not trusted, which depends on what the
// server sent of the chain.
func unknownAuthority(err error) (code, text string) {
	var verification *tls.CertificateVerificationError
	var chain []*x509.Certificate
	if errors.As(err, &verification) {
		chain = verification.UnverifiedCertificates
	}
	switch {
	case len(chain) > 0 && isSelfSigned(chain[0]):
		return "DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate"
	case slices.ContainsFunc(chain, isSelfSigned):
		return "SELF_SIGNED_CERT_IN_CHAIN", "self-signed certificate in certificate chain"
	case len(chain) > 1:
		return "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "unable to get local issuer certificate"
	}
	return "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "unable to verify the first certificate"
}

func isSelfSigned(cert *x509.Certificate) bool {
	return cert != nil && string(cert.RawIssuer) == string(cert.RawSubject)
}

func altNames(e x509.HostnameError) string {
	if net.ParseIP(e.Host) != nil {
		list := ""
		for i, ip := range e.Certificate.IPAddresses {
			if i > 0 {
				list += ", "
			}
			list += ip.String()
		}
		return fmt.Sprintf("IP: %s is not in the cert's list: %s", e.Host, list)
	}
	list := ""
	for i, name := range e.Certificate.DNSNames {
		if i > 0 {
			list += ", "
		}
		list += "DNS:" + name
	}
	return fmt.Sprintf("Host: %s. is not in the cert's altnames: %s", e.Host, list)
}
