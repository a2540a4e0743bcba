package connect

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dunlin/mqtt/dial"
)

// TLS says how a connection is secured. On, CAFile, CAPath and SystemCA ask for TLS where no URL says, as
// port 8883 does; the others say how, where it is.
type TLS struct {
	Off bool // none, whatever the other fields and the port say
	On  bool // with the defaults
	// CAFile and CAPath, a folder of such files, hold the trusted authorities as PEM. They take the place of
	// the system's, unless SystemCA is set.
	CAFile, CAPath string
	SystemCA       bool
	// CertFile and KeyFile are the client's certificate and its key, in PEM.
	CertFile, KeyFile string
	// AnyName takes a certificate of a trusted authority for any host; AnyCertificate takes any certificate.
	AnyName, AnyCertificate bool
	// Version is "", "tlsv1.2" or "tlsv1.3": the only version that is spoken.
	Version string
	// Ciphers is a list with colons between, in OpenSSL's names or those of IANA, for TLS 1.2: those of
	// TLS 1.3 cannot be chosen.
	Ciphers string
	// ALPN are the protocols to offer.
	ALPN []string
	// KeyLog is a file to which the secrets of the connections are added, for who debugs them.
	KeyLog string
	// KeyForm is "", "pem" or "engine"; Engine, EnginePassword, PSK and PSKIdentity are what Go's TLS cannot
	// do: Check refuses them with a sentence.
	KeyForm                string
	Engine, EnginePassword string
	PSK, PSKIdentity       string
}

// asked reports whether TLS is wanted where no URL says.
func (t *TLS) asked() bool {
	return !t.Off && (t.On || t.CAFile != "" || t.CAPath != "" || t.SystemCA)
}

// tlsVersions are the versions that can be asked for.
var tlsVersions = map[string]uint16{"tlsv1.2": tls.VersionTLS12, "tlsv1.3": tls.VersionTLS13}

// check finds what is wrong, without reading a file.
func (t *TLS) check() error {
	switch {
	case t.PSK != "" || t.PSKIdentity != "":
		return &Error{Field: "TLS.PSK", Err: errors.New("TLS with a pre-shared key is not possible here: Go's TLS has none; use certificates, or a user name and password")}
	case t.Engine != "" || t.EnginePassword != "" || t.KeyForm == "engine":
		return &Error{Field: "TLS.Engine", Err: errors.New("engines of OpenSSL are not possible here: this program has Go's TLS; give the key as a PEM file")}
	case t.KeyForm != "" && t.KeyForm != "pem":
		return &Error{Field: "TLS.KeyForm", Err: fmt.Errorf("%q is not pem", t.KeyForm)}
	case t.KeyFile != "" && t.CertFile == "":
		return &Error{Field: "TLS.KeyFile", Err: errors.New("a key needs its certificate")}
	case t.Version != "" && tlsVersions[t.Version] == 0:
		return &Error{Field: "TLS.Version", Err: fmt.Errorf("%q is not tlsv1.2 or tlsv1.3; older versions are not safe", t.Version)}
	}
	_, err := t.suites()
	return err
}

// suites returns the ciphers of TLS 1.2 to offer; nil: Go's choice.
func (t *TLS) suites() ([]uint16, error) {
	if t.Ciphers == "" {
		return nil, nil
	}
	var ids []uint16
	for name := range strings.FieldsFuncSeq(t.Ciphers, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		suite := findSuite(name)
		if suite == nil {
			return nil, &Error{Field: "TLS.Ciphers", Err: fmt.Errorf("cipher %q is not one that Go's TLS has; such as ECDHE-RSA-AES128-GCM-SHA256", name)}
		}
		ids = append(ids, suite.ID)
	}
	if !slices.ContainsFunc(ids, isOfTLS12) && t.Version != "tlsv1.3" {
		return nil, &Error{Field: "TLS.Ciphers", Err: errors.New("no cipher of TLS 1.2 is among them, and those of TLS 1.3 cannot be chosen: use tlsv1.3, which has safe ones alone")}
	}
	return slices.DeleteFunc(ids, func(id uint16) bool { return !isOfTLS12(id) }), nil
}

// isOfTLS12 tells the ciphers of TLS 1.2 from those of TLS 1.3, whose numbers are apart.
func isOfTLS12(id uint16) bool { return id>>8 != 0x13 }

// findSuite finds a cipher by its name at IANA, or at OpenSSL: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is
// ECDHE-RSA-AES128-GCM-SHA256 there.
func findSuite(name string) *tls.CipherSuite {
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if strings.EqualFold(name, suite.Name) || isOfTLS12(suite.ID) && strings.EqualFold(name, openSSLName(suite.Name)) {
			return suite
		}
	}
	return nil
}

// openSSLName makes OpenSSL's name of IANA's.
func openSSLName(name string) string {
	return strings.NewReplacer(
		"TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA",
		"3DES_EDE_CBC_SHA", "DES-CBC3-SHA",
		"TLS_RSA_WITH_", "", "TLS_", "", "_WITH_", "-",
		"AES_128_CBC", "AES128", "AES_256_CBC", "AES256",
		"AES_128", "AES128", "AES_256", "AES256",
		"CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305",
		"RC4_128", "RC4", "_", "-",
	).Replace(name)
}

// config returns what crypto/tls takes.
func (t *TLS) config() (*tls.Config, error) {
	if err := t.checkFiles(); err != nil {
		return nil, err
	}
	conf, err := dial.TLS{CertFile: t.CertFile, KeyFile: t.KeyFile, ALPN: t.ALPN, Insecure: t.AnyCertificate}.Config()
	if err != nil {
		return nil, &Error{Field: "TLS.CertFile", Err: err}
	}
	if conf.RootCAs, err = t.roots(); err != nil {
		return nil, err
	}
	if conf.CipherSuites, err = t.suites(); err != nil {
		return nil, err
	}
	if version := tlsVersions[t.Version]; version != 0 {
		conf.MinVersion, conf.MaxVersion = version, version
	}
	if t.AnyName && !t.AnyCertificate {
		takeAnyName(conf)
	}
	if t.KeyLog != "" {
		file, err := os.OpenFile(t.KeyLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, &Error{Field: "TLS.KeyLog", Err: err}
		}
		conf.KeyLogWriter = file // open to the end of the process, which makes one
	}
	return conf, nil
}

// checkFiles finds a file that cannot be read, and says which option named it.
func (t *TLS) checkFiles() error {
	for _, f := range []struct{ field, path string }{{"TLS.CertFile", t.CertFile}, {"TLS.KeyFile", t.KeyFile}} {
		if f.path == "" {
			continue
		}
		if _, err := os.ReadFile(f.path); err != nil {
			return &Error{Field: f.field, Err: err}
		}
	}
	return nil
}

// takeAnyName has the server's certificate checked, but not whose it is.
func takeAnyName(conf *tls.Config) {
	roots := conf.RootCAs
	conf.InsecureSkipVerify = true // VerifyConnection does it
	conf.VerifyConnection = func(state tls.ConnectionState) error {
		chain := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			chain.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: chain})
		return err
	}
}

// roots returns the authorities to trust; nil means the system's.
func (t *TLS) roots() (*x509.CertPool, error) {
	if t.CAFile == "" && t.CAPath == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if t.SystemCA {
		system, err := x509.SystemCertPool()
		if err != nil {
			return nil, &Error{Field: "TLS.SystemCA", Err: err}
		}
		pool = system
	}
	if t.CAFile != "" {
		blocks, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, &Error{Field: "TLS.CAFile", Err: err}
		}
		if err := dial.AddCertificates(pool, blocks); err != nil {
			return nil, &Error{Field: "TLS.CAFile", Value: t.CAFile, Err: err}
		}
	}
	if t.CAPath != "" {
		return pool, t.addFolder(pool)
	}
	return pool, nil
}

// addFolder adds the certificates of all files in CAPath. Others may lie there, too.
func (t *TLS) addFolder(pool *x509.CertPool) error {
	entries, err := os.ReadDir(t.CAPath)
	if err != nil {
		return &Error{Field: "TLS.CAPath", Err: err}
	}
	found := false
	for _, entry := range entries {
		blocks, err := os.ReadFile(filepath.Join(t.CAPath, entry.Name()))
		if err == nil && dial.AddCertificates(pool, blocks) == nil {
			found = true
		}
	}
	if !found {
		return &Error{Field: "TLS.CAPath", Value: t.CAPath, Err: errors.New("no file of this folder has certificates in PEM")}
	}
	return nil
}
