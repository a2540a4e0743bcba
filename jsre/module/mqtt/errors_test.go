package mqtt

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"dunlin/mqtt"
)

// What a broken connection takes with it must not look like close().
func TestCodesOfBrokenConnections(t *testing.T) {
	for name, test := range map[string]struct {
		cause error
		want  string
	}{
		"close()":          {nil, "ECLOSED"},
		"reset":            {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, "ECONNRESET"},
		"write stalls":     {&net.OpError{Op: "write", Err: os.ErrDeadlineExceeded}, "ETIMEDOUT"},
		"network is down":  {&net.OpError{Op: "write", Err: syscall.ENETDOWN}, "ECONNRESET"},
		"host unreachable": {&net.OpError{Op: "read", Err: syscall.EHOSTUNREACH}, "EHOSTUNREACH"},
		"keep alive":       {mqtt.ErrKeepAlive, "ETIMEDOUT"},
		"server closed":    {mqtt.ErrServerClosed, "ECONNRESET"},
	} {
		pending := mqtt.ErrClosed
		if test.cause != nil {
			pending = fmt.Errorf("%w: %w", mqtt.ErrClosed, test.cause)
			if got := errorCode(test.cause); got != test.want {
				t.Errorf("%s: disconnect has the code %s, want %s", name, got, test.want)
			}
		}
		if got := errorCode(pending); got != test.want {
			t.Errorf("%s: what was pending has the code %s, want %s", name, got, test.want)
		}
	}
	if got := errorCode(errors.New("else")); got != "EIO" {
		t.Errorf("an unknown error has the code %s, want EIO", got)
	}
}
