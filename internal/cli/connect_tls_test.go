package cli_test

import (
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dunlin/internal/environ"
	"dunlin/internal/testcert"
)

// tlsRun is one dunlin ping to a server of TLS.
type tlsRun struct {
	name   string
	args   string
	env    string
	status int
	stderr string                                 // is in stderr
	check  func(state tls.ConnectionState) string // what is wrong with the connection; nil: nothing can be
}

// What the options of TLS say is so at the server, and without them it is not.
func TestOptionsOfTLSArrive(t *testing.T) {
	t.Parallel()
	ours, others := testcert.NewAuthority(t), testcert.NewAuthority(t)
	files := t.TempDir()
	folder, empty, keyLog := filepath.Join(files, "folder"), filepath.Join(files, "empty"), filepath.Join(files, "keys")
	for _, dir := range []string{folder, empty} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string][]byte{"readme.txt": []byte("no certificate"), "ours.pem": ours.PEM(), "others.pem": others.PEM()} {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, key := ours.Client(t, testcert.Options{CommonName: "ann"}).Files(t)
	words := strings.NewReplacer("$CA", ours.File(t), "$OTHER", others.File(t), "$FOLDER", folder, "$EMPTY", empty, "$CERT", cert, "$KEY", key, "$LOG", keyLog)
	plain := serverOf(t, ours.Server(t, testcert.Options{}), nil)
	elsewhere := serverOf(t, ours.Server(t, testcert.Options{Names: []string{"other.example"}}), nil)
	asking := serverOf(t, ours.Server(t, testcert.Options{}), func(c *tls.Config) {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, ours.Pool()
	})
	protocols := serverOf(t, ours.Server(t, testcert.Options{}), func(c *tls.Config) { c.NextProtos = []string{"x-amzn-mqtt-ca"} })

	run := func(p *peer, r tlsRun) {
		t.Run(r.name, func(t *testing.T) {
			args := strings.Fields(words.Replace(r.args))
			c := start(t, func(e *environ.Environment) { e.Env = strings.Fields(words.Replace(r.env)) },
				append([]string{"ping", "-C", "1", "-V", "311", "-p", portOf(t, p.Addr().String())}, args...)...)
			if status := c.wait(t); status != r.status || !strings.Contains(c.stderr.String(), r.stderr) {
				t.Errorf("status %d, want %d, stderr %q is to have %q", status, r.status, c.stderr.String(), r.stderr)
			}
			if status := r.status; status == 1 || status == 2 { // it did not come so far
				return
			}
			if got := p.next(t); r.check != nil && r.check(got.tls) != "" {
				t.Error(r.check(got.tls))
			}
		})
	}
	version := func(want uint16) func(tls.ConnectionState) string {
		return func(s tls.ConnectionState) string {
			return unless(s.Version == want, "the version is "+tls.VersionName(s.Version))
		}
	}
	shows := func(s tls.ConnectionState) string {
		return unless(len(s.PeerCertificates) == 1 && s.PeerCertificates[0].Subject.CommonName == "ann", "there is no certificate of ann")
	}
	for _, r := range []tlsRun{
		{name: "none", status: 3},
		{name: "authority", args: "--cafile $CA"},
		{name: "another name of it", args: "--ca $CA"},
		{name: "of the environment", env: "MQTT_CAFILE=$CA"},
		{name: "wrong authority", args: "--cafile $OTHER", status: 3, stderr: "pass the authority's certificate with --cafile"},
		{name: "folder", args: "--capath $FOLDER"},
		{name: "folder before environment", args: "--capath $FOLDER", env: "MQTT_CAFILE=$OTHER"},
		{name: "empty folder", args: "--capath $EMPTY", status: 1, stderr: "no file of this folder has certificates"},
		{name: "no authority", args: "--tls", status: 3, stderr: "--cafile"},
		{name: "the system's do not help", args: "--cafile $OTHER --tls-use-os-certs", status: 3, stderr: "--cafile"},
		{name: "any certificate", args: "--insecure=all", stderr: "--insecure=all: whoever sits between"},
		{name: "only the name is free", args: "--tls --insecure", status: 3, stderr: "--cafile"},
		{name: "newest version", args: "--cafile $CA", check: version(tls.VersionTLS13)},
		{name: "version 1.2", args: "--cafile $CA --tls-version tlsv1.2", check: version(tls.VersionTLS12)},
		{name: "version 1.1", args: "--cafile $CA --tls-version tlsv1.1", status: 2, stderr: "not tlsv1.2 or tlsv1.3"},
		{name: "cipher", args: "--cafile $CA --tls-version tlsv1.2 --ciphers ECDHE-ECDSA-AES256-GCM-SHA384", check: func(s tls.ConnectionState) string {
			return unless(s.CipherSuite == tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.CipherSuiteName(s.CipherSuite))
		}},
		{name: "cipher by IANA's name", args: "--cafile $CA --tls-version tlsv1.2 --ciphers TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", check: func(s tls.ConnectionState) string {
			return unless(s.CipherSuite == tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.CipherSuiteName(s.CipherSuite))
		}},
		{name: "unknown cipher", args: "--cafile $CA --ciphers NONE", status: 2, stderr: `cipher "NONE"`},
		{name: "key log", args: "--cafile $CA --tls-keylog $LOG"},
		{name: "none at all", args: "--no-tls --cafile $CA", status: 3, stderr: "the server "},
		{name: "pre-shared key", args: "--psk 00 --psk-identity x", status: 2, stderr: "--psk: TLS with a pre-shared key is not possible here"},
		{name: "engine", args: "--tls-engine x", status: 2, stderr: "--tls-engine: engines of OpenSSL are not possible here"},
		{name: "key of an engine", args: "--cert $CERT --key $KEY --keyform engine", status: 2, stderr: "engines of OpenSSL"},
		{name: "form of the key", args: "--cert $CERT --key $KEY --keyform der", status: 2, stderr: `--keyform: "der" is not pem`},
	} {
		run(plain, r)
	}
	run(elsewhere, tlsRun{name: "another host", args: "--cafile $CA", status: 3, stderr: "use a name that the certificate holds as -h"})
	run(elsewhere, tlsRun{name: "another host is taken", args: "--cafile $CA --insecure", stderr: "--insecure: the server may be another one"})
	run(asking, tlsRun{name: "no certificate", args: "--cafile $CA", status: 3})
	run(asking, tlsRun{name: "certificate", args: "--cafile $CA --cert $CERT --key $KEY --keyform pem", check: shows})
	run(asking, tlsRun{name: "certificate of the environment", args: "--cafile $CA", env: "MQTT_CERT=$CERT MQTT_KEY=$KEY", check: shows})
	run(asking, tlsRun{name: "no file", args: "--cafile $CA --cert $CERT --key $EMPTY/none", status: 1, stderr: "--key: open "})
	run(protocols, tlsRun{name: "protocol", args: "--cafile $CA --tls-alpn x-amzn-mqtt-ca", check: func(s tls.ConnectionState) string {
		return unless(s.NegotiatedProtocol == "x-amzn-mqtt-ca", "the protocol is "+s.NegotiatedProtocol)
	}})
	if log, err := os.ReadFile(keyLog); err != nil || !strings.Contains(string(log), "CLIENT_TRAFFIC_SECRET_0 ") {
		t.Errorf("%v: the key log is %q", err, log)
	}
	if err := os.Remove(keyLog); err != nil {
		t.Fatal(err)
	}
	run(plain, tlsRun{name: "key log of the environment", args: "--cafile $CA", env: "SSLKEYLOGFILE=$LOG"})
	if log, err := os.ReadFile(keyLog); err != nil || !strings.Contains(string(log), "CLIENT_TRAFFIC_SECRET_0 ") {
		t.Errorf("%v: the key log is %q", err, log)
	}
}

func unless(right bool, wrong string) string {
	if right {
		return ""
	}
	return wrong
}

// serverOf starts a server of TLS.
func serverOf(t *testing.T, pair testcert.Pair, change func(*tls.Config)) *peer {
	t.Helper()
	conf := &tls.Config{Certificates: []tls.Certificate{pair.Certificate(t)}, MinVersion: tls.VersionTLS12}
	if change != nil {
		change(conf)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return servePeer(t, tls.NewListener(l, conf))
}

// A URL without TLS makes an option for TLS wrong, and leaves the environment's for other brokers.
func TestURLWithoutTLS(t *testing.T) {
	t.Parallel()
	p := startPeer(t, "tcp", "127.0.0.1:0")
	raw := "mqtt://" + p.Addr().String()
	pingOf(t, []string{"MQTT_CAFILE=/nobody/here", "MQTT_CERT=/nobody/here", "MQTT_KEY=/nobody/here"}, raw, "--no-tls")
	for _, option := range []string{"--tls", "--cafile=x", "--capath=x", "--tls-use-os-certs", "--tls-alpn=x", "--ciphers=x", "--tls-version=x", "--cert=x", "--insecure=all"} {
		c := start(t, nil, "ping", raw, option)
		name, _, _ := strings.Cut(option, "=")
		if status := c.wait(t); status != 2 || !strings.Contains(c.stderr.String(), name) || !strings.Contains(c.stderr.String(), "write mqtts") {
			t.Errorf("%s: status %d: %s", option, status, c.stderr.String())
		}
	}
}
