package dial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// serverGap is how long a server that SRV records name is tried alone before the next one is tried beside
// it. It is longer than addressGap, because the next may be one that is to serve only while the first cannot.
const serverGap = time.Second

// services are the names under which IANA has registered MQTT, by scheme, and the scheme of the servers.
var services = map[string]struct{ name, scheme string }{
	"mqtt+srv":  {"mqtt", "mqtt"},
	"mqtts+srv": {"secure-mqtt", "mqtts"},
}

// IsSRV reports whether a is a domain, whose SRV records name the servers.
func (a Address) IsSRV() bool { return a.Network == "srv" }

// LookUp returns the servers for which a stands, in the order in which they are to be tried. For a domain
// these are the targets of its SRV records (RFC 2782), _mqtt._tcp or _secure-mqtt._tcp: by priority, and
// drawn by weight within one, so that each call may return another order. Any other address stands for
// itself. r is who is asked; nil: net.DefaultResolver. The error is an *Error.
func LookUp(ctx context.Context, a Address, r *net.Resolver) ([]Address, error) {
	if !a.IsSRV() {
		return []Address{a}, nil
	}
	service := services[a.Scheme]
	records, err := lookUpSRV(ctx, cmp.Or(r, net.DefaultResolver), service.name, a.Host)
	if err != nil && len(records) == 0 {
		return nil, &Error{StageResolve, a.String(), fmt.Errorf("SRV records of _%s._tcp: %w", service.name, shorten(ctx, err))}
	}
	records = slices.DeleteFunc(records, func(r *net.SRV) bool { return r.Target == "." || r.Port == 0 })
	if len(records) == 0 { // a target of "." says so
		return nil, &Error{StageResolve, a.String(), fmt.Errorf("SRV records of _%s._tcp: the domain says that it has no such server", service.name)}
	}
	drawWeightless(records)
	servers := make([]Address, len(records))
	for i, r := range records {
		servers[i] = Address{
			Network: "tcp", Host: strings.TrimSuffix(r.Target, "."), Port: strconv.Itoa(int(r.Port)),
			TLS: service.scheme == "mqtts", User: a.User, Scheme: service.scheme, Domain: a.Host,
		}
	}
	return servers, nil
}

// lookUpSRV asks for the records of a service, until ctx ends: package net waits for a name server that is silent for as long as its own time
// lasts, whatever becomes of ctx.
func lookUpSRV(ctx context.Context, r *net.Resolver, service, domain string) (records []*net.SRV, err error) {
	over := make(chan struct{})
	var found []*net.SRV
	var failed error
	go func() {
		defer close(over)
		_, found, failed = r.LookupSRV(ctx, service, "tcp", domain)
	}()
	select {
	case <-over:
		return found, failed
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// drawWeightless draws the order of records of weight 0, which package net, that draws among all others,
// leaves as DNS told them: a domain that weighs nothing means that its servers are all alike.
func drawWeightless(records []*net.SRV) {
	for len(records) > 0 {
		n := 1
		for n < len(records) && records[0].Weight == 0 && records[n].Weight == 0 && records[n].Priority == records[0].Priority {
			n++
		}
		rand.Shuffle(n, func(i, j int) { records[i], records[j] = records[j], records[i] })
		records = records[n:]
	}
}

// OpenFirst opens the first of servers that can be reached, as Open does, and says which one. One that
// fails gives way to the next at once, and one that is silent, also in a handshake, is left to answer beside the next after a
// second. The error is an *Error, the first.
func OpenFirst(ctx context.Context, servers []Address, o Options) (net.Conn, Address, error) {
	for _, a := range servers {
		if a.isWebSocket() && o.upgrade() == nil {
			return nil, Address{}, &Error{StageWebSocket, a.String(), ErrNoWebSocket}
		}
	}
	if len(servers) == 0 {
		return nil, Address{}, errors.New("there is no server")
	}
	conn, i, err := race(ctx, len(servers), serverGap, func(ctx context.Context, i int) (net.Conn, error) {
		conn, err := connect(ctx, servers[i], &o)
		if err != nil {
			return nil, err
		}
		return finish(ctx, conn, servers[i], &o)
	})
	if err != nil {
		return nil, Address{}, err
	}
	return conn, servers[i], nil
}

// serverName returns the name that the server's certificate has to have. What SRV records say is no
// proof, for DNS may be forged, so it is that of the domain (RFC 9525 section 6.1), except where the target
// lies within it: a certificate for that is as good.
func (a Address) serverName() string {
	if a.Domain == "" || isWithin(a.Host, a.Domain) {
		return a.Host
	}
	return a.Domain
}

// isWithin reports whether name is domain, or a name below it.
func isWithin(name, domain string) bool {
	name, domain = strings.ToLower(name), strings.ToLower(strings.TrimSuffix(domain, "."))
	return name == domain || strings.HasSuffix(name, "."+domain)
}
