package mqttjs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/dop251/goja"

	"dunlin/jsre/engine"
	"dunlin/jsre/internal/pemkey"
	"dunlin/mqtt/dial"
)

// pemText takes PEM text: a string, bytes, or a list of those.
func (c *client) pemText(v goja.Value) (out [][]byte) {
	if list, ok := v.(*goja.Object); ok && list.ClassName() == "Array" {
		c.vm.Runtime().ForOf(list, func(v goja.Value) bool {
			out = append(out, c.pemText(v)...)
			return len(out) < 1000
		})
		return out
	}
	if s, ok := v.(goja.String); ok {
		return [][]byte{[]byte(s.String())}
	}
	b, _ := c.vm.Bytes(v)
	return [][]byte{append([]byte{}, b...)}
}

// readAuthorities takes whom to trust: options.ca in the place of the system's authorities.
func (c *client) readAuthorities(conf *tls.Config) error {
	v := c.opt("ca")
	if !engine.Given(v) {
		return nil
	}
	conf.RootCAs = x509.NewCertPool()
	for _, text := range c.pemText(v) {
		if err := dial.AddCertificates(conf.RootCAs, text); err != nil {
			return fmt.Errorf("option ca: %w", err)
		}
	}
	return nil
}

// readCertificate takes the client's certificate and key.
func (c *client) readCertificate(conf *tls.Config) error {
	certificate, key := c.opt("cert"), c.opt("key")
	if !engine.Given(certificate) && !engine.Given(key) {
		return nil
	}
	if !engine.Given(certificate) || !engine.Given(key) {
		return errors.New("options cert and key: one is given without the other")
	}
	var password []byte
	if v := c.opt("passphrase"); engine.Given(v) {
		password = []byte(v.String())
	}
	certs, keys := c.pemText(certificate), c.pemText(key)
	for i := range min(len(certs), len(keys)) {
		plain, err := pemkey.Decrypt(keys[i], password, "option passphrase")
		if err != nil {
			return fmt.Errorf("option key: %w", err)
		}
		pair, err := tls.X509KeyPair(certs[i], plain)
		if err != nil {
			return fmt.Errorf("option cert: %w", err)
		}
		conf.Certificates = append(conf.Certificates, pair)
	}
	return nil
}
