package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/internal/pemkey"
	"dunlin/mqtt/dial"
)

// readTLS makes the configuration that tlsOpt asks for, TLS 1.2 at least.
func (m *module) readTLS(o *goja.Object, host string) (*tls.Config, time.Duration) {
	vm := m.vm
	field := func(name string) (v goja.Value, what string, given bool) {
		v = vm.Field(o, name)
		return v, "open: tlsOpt." + name, engine.Given(v)
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if v, what, given := field("server"); given {
		conf.ServerName = vm.CheckString(what, v)
	}
	if v, what, given := field("rejectUnauthorized"); given {
		conf.InsecureSkipVerify = !vm.CheckBool(what, v)
	}
	var authorities []string
	if v, what, given := field("ca"); given {
		authorities = m.readPEMs(what, v)
	}
	defaults := authorities == nil
	if v, what, given := field("loadDefaultCerts"); given {
		defaults = vm.CheckBool(what, v)
	}
	conf.RootCAs = m.readAuthorities(authorities, defaults)
	conf.Certificates = m.readCertificate(field)
	var handshake time.Duration
	if v, what, given := field("handshakeTimeout"); given {
		handshake = time.Duration(vm.CheckInt(what, v, 1, maxTimeout)) * time.Millisecond
	}
	return conf, handshake
}

// readPEMs takes PEM text, as a string or bytes, or an array of those.
func (m *module) readPEMs(what string, v goja.Value) []string {
	if !isArray(v) {
		return []string{string(m.vm.CheckBytes(what, v))}
	}
	out := []string{}
	for at, element := range elements(v) {
		out = append(out, string(m.vm.CheckBytes(what+"["+at+"]", element)))
	}
	return out
}

// readAuthorities makes the pool of what is trusted. nil means the system's.
func (m *module) readAuthorities(pems []string, defaults bool) *x509.CertPool {
	if pems == nil && defaults {
		return nil
	}
	pool := x509.NewCertPool()
	if defaults {
		system, err := x509.SystemCertPool()
		if err != nil {
			m.invalid("loadDefaultCerts", err)
		}
		pool = system
	}
	for i, text := range pems {
		if err := dial.AddCertificates(pool, []byte(text)); err != nil {
			at := "ca"
			if len(pems) > 1 {
				at = fmt.Sprintf("ca[%d]", i)
			}
			m.invalid(at, err)
		}
	}
	return pool
}

// invalid throws an error about a member of tlsOpt.
func (m *module) invalid(name string, err error) {
	m.vm.Throw("EINVAL", fmt.Sprintf("open: tlsOpt.%s: %v", name, err))
}

// readCertificate takes the client's certificate and key.
func (m *module) readCertificate(field func(string) (goja.Value, string, bool)) []tls.Certificate {
	certValue, certWhat, hasCert := field("cert")
	keyValue, keyWhat, hasKey := field("key")
	if !hasCert && !hasKey {
		return nil
	}
	if !hasCert {
		m.invalid("key", errors.New("is given without tlsOpt.cert"))
	}
	if !hasKey {
		m.invalid("cert", errors.New("is given without tlsOpt.key"))
	}
	cert := m.vm.CheckBytes(certWhat, certValue)
	key := m.vm.CheckBytes(keyWhat, keyValue)
	var password []byte
	if v, what, given := field("passwd"); given {
		password = m.vm.CheckBytes(what, v)
	}
	key, err := pemkey.Decrypt(key, password, "tlsOpt.passwd")
	if err != nil {
		m.invalid("key", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		m.invalid("cert", err)
	}
	return []tls.Certificate{pair}
}
