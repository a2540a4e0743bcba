package connect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// lookUp asks DNS for the servers of the domain Host and returns their URLs, the best one first.
func (o *Options) lookUp(ctx context.Context) ([]string, error) {
	service, scheme := "mqtt", "mqtt"
	if o.secured() {
		service, scheme = "secure-mqtt", "mqtts"
	}
	_, records, err := cmp.Or(o.Resolver, net.DefaultResolver).LookupSRV(ctx, service, "tcp", o.Host)
	if err != nil {
		return nil, &LookUpError{service, o.Host, err}
	}
	var urls []string
	for _, record := range records {
		if record.Target != "." { // which says that there is no such service
			u := url.URL{Scheme: scheme, Host: hostPort(strings.TrimSuffix(record.Target, "."), int(record.Port))}
			urls = append(urls, u.String())
		}
	}
	if len(urls) == 0 {
		return nil, &LookUpError{service, o.Host, errors.New("the domain says that it has no such server")}
	}
	return urls, nil
}

// LookUpError says that DNS named no server for SRV.
type LookUpError struct {
	Service, Domain string
	Err             error
}

// Error returns one line: what was asked for, and why there is no answer.
func (e *LookUpError) Error() string {
	return fmt.Sprintf("look up _%s._tcp.%s: %v", e.Service, e.Domain, e.Err)
}

// Unwrap returns the cause.
func (e *LookUpError) Unwrap() error { return e.Err }
