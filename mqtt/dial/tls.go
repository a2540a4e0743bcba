package dial

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
)

// TLS describes a client's side of TLS by what a user has: files and names. Config
// makes the configuration that package mqtt takes. The zero value trusts the
// system's authorities and has no certificate of its own.
type TLS struct {
	// CAFile and CA are trusted authorities, as a file of PEM blocks and as such
	// blocks. They replace the system's, unless SystemCA is set.
	CAFile   string
	CA       []byte
	SystemCA bool
	// CertFile and KeyFile are the client's certificate, with its chain, and its
	// key, both PEM and not encrypted. KeyFile defaults to CertFile. They are
	// read again at each handshake, so that they can be replaced.
	CertFile, KeyFile string
	// ServerName is the name that the server's certificate must have and that is
	// sent as SNI; default the URL's host.
	ServerName string
	// ALPN are the application protocols to offer, such as "mqtt"; none by
	// default. A server that knows none of them ends the handshake.
	ALPN []string
	// KeyLog gets the secrets of the connection in the format of NSS, for
	// debugging: who reads it, reads the traffic.
	KeyLog io.Writer
	// MinVersion is the oldest version taken: tls.VersionTLS12, the default, or
	// a later one.
	MinVersion uint16
	// Insecure takes any certificate: whoever sits between reads and changes all.
	Insecure bool
}

// Config reads and checks the files and returns the configuration. The error
// names the field; it wraps that of the file.
func (t TLS) Config() (*tls.Config, error) {
	if t.MinVersion != 0 && t.MinVersion < tls.VersionTLS12 {
		return nil, fmt.Errorf("TLS: MinVersion %s is older than TLS 1.2", tls.VersionName(t.MinVersion))
	}
	roots, err := t.roots()
	if err != nil {
		return nil, err
	}
	conf := &tls.Config{
		RootCAs:            roots,
		ServerName:         t.ServerName,
		NextProtos:         t.ALPN,
		KeyLogWriter:       t.KeyLog,
		MinVersion:         max(t.MinVersion, tls.VersionTLS12),
		InsecureSkipVerify: t.Insecure,
	}
	switch {
	case t.CertFile != "":
		if _, err := t.pair(); err != nil {
			return nil, err
		}
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return t.pair() }
	case t.KeyFile != "":
		return nil, errors.New("TLS: KeyFile needs CertFile")
	}
	return conf, nil
}

// pair reads the client's certificate and key.
func (t TLS) pair() (*tls.Certificate, error) {
	keyFile := cmp.Or(t.KeyFile, t.CertFile)
	cert, err := os.ReadFile(t.CertFile)
	if err != nil {
		return nil, fmt.Errorf("TLS: CertFile: %w", err)
	}
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, fmt.Errorf("TLS: KeyFile: %w", err)
	}
	if block, _ := pem.Decode(key); block != nil && (block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "") {
		return nil, fmt.Errorf("TLS: KeyFile %s: the key is encrypted; decrypt it, or put the certificate into Config's result", keyFile)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("TLS: CertFile %s with KeyFile %s: %w", t.CertFile, keyFile, err)
	}
	return &pair, nil
}

// roots returns the authorities to trust; nil means the system's.
func (t TLS) roots() (*x509.CertPool, error) {
	if t.CAFile == "" && t.CA == nil {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if t.SystemCA {
		system, err := x509.SystemCertPool()
		if err != nil {
			return nil, fmt.Errorf("TLS: SystemCA: %w", err)
		}
		pool = system
	}
	if t.CAFile != "" {
		blocks, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("TLS: CAFile: %w", err)
		}
		if err := AddCertificates(pool, blocks); err != nil {
			return nil, fmt.Errorf("TLS: CAFile %s: %w", t.CAFile, err)
		}
	}
	if t.CA != nil {
		if err := AddCertificates(pool, t.CA); err != nil {
			return nil, fmt.Errorf("TLS: CA: %w", err)
		}
	}
	return pool, nil
}

// AddCertificates adds the certificates of PEM blocks to those that pool trusts;
// blocks of other kinds are passed over. Unlike the pool's AppendCertsFromPEM it takes
// all or says which one cannot be read: left out in silence it would be missed later,
// far from the cause. After an error the pool may hold those before.
func AddCertificates(pool *x509.CertPool, blocks []byte) error {
	begin := []byte("-----BEGIN CERTIFICATE-----")
	number := 1 // of the next certificate
	for {
		block, rest := pem.Decode(blocks)
		passed := bytes.Count(blocks[:len(blocks)-len(rest)], begin) // 1 if it is a certificate; pem passes over what it cannot read
		isCertificate := block != nil && block.Type == "CERTIFICATE"
		switch {
		case block == nil && bytes.Contains(blocks, begin), passed > 1, passed == 1 && !isCertificate:
			return fmt.Errorf("certificate %d cannot be read: it is no whole block of PEM", number)
		case block == nil && number == 1:
			return errors.New("there is no certificate in it; it must have PEM blocks with BEGIN CERTIFICATE")
		case block == nil:
			return nil
		case isCertificate:
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return fmt.Errorf("certificate %d cannot be read: %w", number, err)
			}
			pool.AddCert(cert)
			number++
		}
		blocks = rest
	}
}
