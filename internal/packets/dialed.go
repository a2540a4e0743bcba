package packets

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"syscall"

	"dunlin/internal/ui/protocol"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// notReached: no packet went over the connection, because there was none.
func (e *ending) notReached() (protocol.End, bool) {
	var no *mqtt.NoConnAckError
	var refused *mqtt.ConnectError
	var staged *dial.Error
	isDialed := errors.As(e.err, &staged)
	if e.err == nil || e.packets() > 0 || e.opened != 0 && !isDialed {
		return protocol.End{}, false
	}
	end := protocol.End{Who: Network.String(), Why: "No connection came about: " + e.err.Error() + "."}
	switch {
	case errors.As(e.err, &no), errors.As(e.err, &refused):
		end.Who, end.Hint = Server.String(), "Check the URL and its port, and whether the server runs."
	case isDialed:
		end.Who, end.Hint = e.stage(staged)
	default:
		_, end.Hint = e.unreachable()
	}
	return end, true
}

// stage says whose business a stage of dialing is, and what to do.
func (e *ending) stage(staged *dial.Error) (who, hint string) {
	switch staged.Stage {
	case dial.StageResolve:
		return Network.String(), "Check the name of the host, and that the network has a name server that knows it."
	case dial.StageTLS:
		return e.handshake()
	case dial.StageWebSocket:
		return Server.String(), "Check port and path: brokers often serve WebSocket at the path /mqtt, RabbitMQ at /ws."
	case dial.StageProxy:
		return Network.String(), "Check the proxy's address and its login."
	}
	return e.unreachable()
}

// unreachable says what to do when TCP does not come about.
func (e *ending) unreachable() (who, hint string) {
	switch {
	case errors.Is(e.err, syscall.ECONNREFUSED):
		return Server.String(), "Nothing listens at that port: start the server, or check the port."
	case isTimeout(e.err):
		return Network.String(), "Nobody answers at that address: a firewall may be between, or the host is off."
	case errors.Is(e.err, syscall.EHOSTUNREACH), errors.Is(e.err, syscall.ENETUNREACH):
		return Network.String(), "There is no way to that address from here: check the network."
	}
	return Network.String(), "Check the address, and the network between."
}

// handshake says what to do when TLS does not come about.
func (e *ending) handshake() (who, hint string) {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case errors.As(e.err, &authority):
		return Client.String(), "Give the certificate of the authority that signed the server's (--cafile), or check that it is the right server."
	case errors.As(e.err, &host):
		return Client.String(), "Connect by a name that the certificate has, or have a certificate made for this name."
	case errors.As(e.err, &invalid) && invalid.Reason == x509.Expired:
		return Server.String(), "The server needs a new certificate, or a clock is wrong."
	case errors.As(e.err, &invalid):
		return Server.String(), "The server's certificate cannot be used: have another one made."
	case errors.As(e.err, &record):
		return Client.String(), "The server speaks no TLS at this port: use its port for TLS, often 8883, or connect without TLS."
	case strings.Contains(e.err.Error(), "certificate required"), strings.Contains(e.err.Error(), "bad certificate"):
		return Client.String(), "The server wants a certificate of the client that it trusts (--cert and --key)."
	}
	return Server.String(), "The two sides have no version of TLS or no suite in common, or the port is not one for TLS."
}
