package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/dop251/goja"

	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// errorObject is err as the script gets it: an Error with a code and, where the
// server gave a reason, reasonCode and reason.
func (m *module) errorObject(err error) *goja.Object {
	if code, name, ok := reasonOf(err); ok {
		return m.vm.NewError("Error", errorCode(err), err.Error(), "reasonCode", int(code), "reason", name)
	}
	return m.vm.NewError("Error", errorCode(err), err.Error())
}

// reasonOf returns the server's reason code and its standard name.
func reasonOf(err error) (code mqtt.ReasonCode, name string, ok bool) {
	var connect *mqtt.ConnectError
	var publish *mqtt.PublishError
	var subscribe *mqtt.SubscribeError
	var leave *mqtt.DisconnectError
	switch {
	case errors.As(err, &connect):
		return connect.Code, connect.Name(), true
	case errors.As(err, &publish) && errors.Is(publish.Outcome, mqtt.ErrRejected):
		return publish.Code, publish.Code.Name(), true
	case errors.As(err, &subscribe) && errors.Is(subscribe.Outcome, mqtt.ErrRejected):
		for _, code := range subscribe.Codes {
			if code >= 0x80 {
				return code, code.Name(), true
			}
		}
	case errors.As(err, &leave) && leave.Version == mqtt.V5:
		return leave.Code, leave.Code.Name(), true
	}
	return 0, "", false
}

// isLoss reports whether err only says that the connection is gone.
func isLoss(err error) bool {
	return errors.Is(err, mqtt.ErrClosed) || errors.Is(err, mqtt.ErrServerClosed) || isReset(err)
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, mqtt.ErrTruncated)
}

// errorCode is the stable code of err.
func errorCode(err error) string {
	for _, rule := range errorCodes {
		if rule.applies(err) {
			return rule.code
		}
	}
	return "EIO"
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[T error](more ...func(T) bool) func(error) bool {
	return func(err error) bool {
		var e T
		if !errors.As(err, &e) {
			return false
		}
		for _, f := range more {
			if !f(e) {
				return false
			}
		}
		return true
	}
}

// errorCodes are tried in order: what the server decided, what the caller did,
// then what happened to the connection.
var errorCodes = []struct {
	code    string
	applies func(error) bool
}{
	{"ECONNACK", as[*mqtt.ConnectError]()},
	{"EQOS", is(mqtt.ErrNoQoS2)},
	{"EPUBACK", as(func(e *mqtt.PublishError) bool { return errors.Is(e.Outcome, mqtt.ErrRejected) })},
	{"ESUBACK", as(func(e *mqtt.SubscribeError) bool {
		return errors.Is(e.Outcome, mqtt.ErrRejected) && e.Op == "subscribe"
	})},
	{"EUNSUBACK", as(func(e *mqtt.SubscribeError) bool { return errors.Is(e.Outcome, mqtt.ErrRejected) })},
	{"EPERM", is(mqtt.ErrNotPermitted)},
	{"EINVAL", as[*mqtt.ArgumentError]()},
	{"ENOTCONN", is(mqtt.ErrNotConnected)},
	{"EPROTO", as[*mqtt.PacketError]()},
	{"EDISCONNECT", as[*mqtt.DisconnectError]()},
	{"ETIMEDOUT", is(mqtt.ErrKeepAlive)},
	{"ETIMEDOUT", is(context.DeadlineExceeded)},
	{"ETIMEDOUT", is(syscall.ETIMEDOUT)},
	{"ETIMEDOUT", is(os.ErrDeadlineExceeded)}, // a write that made no progress
	{"ECONNREFUSED", is(syscall.ECONNREFUSED)},
	{"EHOSTUNREACH", is(syscall.EHOSTUNREACH)},
	{"ENETUNREACH", is(syscall.ENETUNREACH)},
	{"ENOTFOUND", as[*net.DNSError]()},
	{"ECERTHOST", as[x509.HostnameError]()},
	{"ECERTAUTHORITY", as[x509.UnknownAuthorityError]()},
	{"ECERT", as[*tls.CertificateVerificationError]()},
	{"ETLS", as(func(e *dial.Error) bool { return e.Stage == dial.StageTLS })},
	{"ECONNRESET", isReset},
	{"ECONNRESET", is(mqtt.ErrServerClosed)},
	{"ECONNRESET", as(func(e *net.OpError) bool { return e.Op != "dial" })}, // whatever broke it
	{"ECLOSED", is(mqtt.ErrClosed)},
	{"ECANCELED", is(context.Canceled)},
}
