package broker

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"slices"
	"time"
)

// selfSignedLife is how long the certificates of SelfSigned hold: longer than a broker for
// development runs, and short for one that is forgotten somewhere.
const selfSignedLife = 30 * 24 * time.Hour

// SelfSigned makes an authority and a certificate of it, for Config.TLS. The certificate is
// for localhost, 127.0.0.1, ::1, the machine's name, and hosts: names or addresses.
// authority is the authority's certificate in PEM form, which clients have to trust; its
// key is kept nowhere, so that nobody can make another certificate with it.
func SelfSigned(hosts ...string) (server *tls.Config, authority []byte, err error) {
	fail := func(err error) (*tls.Config, []byte, error) {
		return nil, nil, fmt.Errorf("broker: make a certificate: %w", err)
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fail(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return fail(err)
	}
	ca := certificateTemplate("Dunlin development authority", 1)
	ca.IsCA, ca.BasicConstraintsValid, ca.MaxPathLenZero = true, true, true
	ca.KeyUsage = x509.KeyUsageCertSign
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return fail(err)
	}
	leaf := certificateTemplate("Dunlin development broker", 2)
	leaf.KeyUsage, leaf.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	nameHosts(leaf, hosts)
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return fail(err)
	}
	server = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{leafDER, caDER}, PrivateKey: key}},
		MinVersion:   tls.VersionTLS12,
	}
	return server, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), nil
}

// certificateTemplate returns what both certificates have. It begins an hour ago for
// clients whose clock is late.
func certificateTemplate(name string, serial int64) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		// Two authorities of one name differ in this, for clients that keep both.
		SerialNumber: big.NewInt(now.UnixNano() + serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(selfSignedLife),
	}
}

// nameHosts puts the machine and hosts into a certificate.
func nameHosts(leaf *x509.Certificate, hosts []string) {
	hosts = append([]string{"localhost", "127.0.0.1", "::1"}, hosts...)
	if name, err := os.Hostname(); err == nil && name != "" { // without one the others do
		hosts = append(hosts, name)
	}
	for i, host := range hosts {
		if slices.Contains(hosts[:i], host) {
			continue
		}
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
}
