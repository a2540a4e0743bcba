// Package testcert makes certificates for tests: a private authority in memory,
// and server and client certificates that it signs, valid or broken on purpose.
// Nothing is read from the machine, and files are written to the test's own
// temporary folder only.
package testcert

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a certificate authority that lives as long as the test. It may be
// used by many goroutines.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// Pair is a certificate and its private key, both as PEM.
type Pair struct {
	CertPEM []byte // the leaf certificate alone
	KeyPEM  []byte // PKCS #8, not encrypted
}

// Options says what a certificate is for. The zero value gives a certificate for
// localhost, 127.0.0.1 and ::1 that is valid now.
type Options struct {
	CommonName  string    // subject; default "localhost"
	Names       []string  // DNS names; with IPs empty too: localhost
	IPs         []net.IP  // addresses; with Names empty too: 127.0.0.1 and ::1
	NotBefore   time.Time // default: an hour ago
	NotAfter    time.Time // default: a day from now
	Expired     bool      // valid until an hour ago, whatever NotAfter says
	NotYetValid bool      // valid in an hour, whatever NotBefore says
}

// NewAuthority returns an authority that nobody trusts yet.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber:          newSerial(t),
		Subject:               pkix.Name{CommonName: "Dunlin test authority"},
		NotBefore:             time.Now().Add(-24 * time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der := sign(t, template, template, key, key)
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("testcert: parse the authority's certificate: %v", err)
	}
	return &Authority{cert: cert, key: key, pem: encode("CERTIFICATE", der)}
}

// PEM returns the authority's certificate, as a client's list of trusted ones.
func (a *Authority) PEM() []byte { return a.pem }

// Pool returns a pool that trusts this authority and no other.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// File writes the authority's certificate as PEM and returns the file's path.
func (a *Authority) File(t testing.TB) string {
	t.Helper()
	return write(t, "ca.pem", a.pem)
}

// Server returns a certificate for a TLS server.
func (a *Authority) Server(t testing.TB, o Options) Pair {
	t.Helper()
	return a.issue(t, o, x509.ExtKeyUsageServerAuth)
}

// Client returns a certificate that a TLS client shows to a server.
func (a *Authority) Client(t testing.TB, o Options) Pair {
	t.Helper()
	return a.issue(t, o, x509.ExtKeyUsageClientAuth)
}

// Certificate returns the pair as crypto/tls wants it.
func (p Pair) Certificate(t testing.TB) tls.Certificate {
	t.Helper()
	cert, err := tls.X509KeyPair(p.CertPEM, p.KeyPEM)
	if err != nil {
		t.Fatalf("testcert: load the pair: %v", err)
	}
	return cert
}

// Files writes the pair as PEM and returns the paths of both files.
func (p Pair) Files(t testing.TB) (certFile, keyFile string) {
	t.Helper()
	return write(t, "cert.pem", p.CertPEM), write(t, "key.pem", p.KeyPEM)
}

func (a *Authority) issue(t testing.TB, o Options, usage x509.ExtKeyUsage) Pair {
	t.Helper()
	o = o.withDefaults()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: newSerial(t),
		Subject:      pkix.Name{CommonName: o.CommonName},
		DNSNames:     o.Names,
		IPAddresses:  o.IPs,
		NotBefore:    o.NotBefore,
		NotAfter:     o.NotAfter,
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{usage},
	}
	der := sign(t, template, a.cert, key, a.key)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatalf("testcert: encode the key: %v", err)
	}
	return Pair{CertPEM: encode("CERTIFICATE", der), KeyPEM: encode("PRIVATE KEY", pkcs8)}
}

func (o Options) withDefaults() Options {
	now := time.Now()
	if o.CommonName == "" {
		o.CommonName = "localhost"
	}
	if len(o.Names) == 0 && len(o.IPs) == 0 {
		o.Names = []string{"localhost"}
		o.IPs = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	if o.NotBefore.IsZero() {
		o.NotBefore = now.Add(-time.Hour)
	}
	if o.NotAfter.IsZero() {
		o.NotAfter = now.Add(24 * time.Hour)
	}
	if o.Expired {
		o.NotBefore, o.NotAfter = now.Add(-2*time.Hour), now.Add(-time.Hour)
	}
	if o.NotYetValid {
		o.NotBefore, o.NotAfter = now.Add(time.Hour), now.Add(2*time.Hour)
	}
	return o
}

// sign has the issuer sign template, which carries the public half of subjectKey.
func sign(t testing.TB, template, issuer *x509.Certificate, subjectKey, issuerKey *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, &subjectKey.PublicKey, issuerKey)
	if err != nil {
		t.Fatalf("testcert: sign %q: %v", template.Subject.CommonName, err)
	}
	return der
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("testcert: make a key: %v", err)
	}
	return key
}

func newSerial(t testing.TB) *big.Int {
	t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatalf("testcert: make a serial number: %v", err)
	}
	return serial
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatalf("testcert: %v", err)
	}
	return path
}
