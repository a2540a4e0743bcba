package dial_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"dunlin/broker"
	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// exampleCA makes a certificate for localhost that signs itself, for one example.
func exampleCA(dir string) (caFile string, cert tls.Certificate) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "example"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		log.Panic(err)
	}
	caFile = filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		log.Panic(err)
	}
	return caFile, tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func ExampleTLS() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	dir, err := os.MkdirTemp("", "dunlin")
	if err != nil {
		log.Panic(err)
	}
	defer os.RemoveAll(dir)
	caFile, cert := exampleCA(dir)
	b, err := broker.Start(ctx, broker.Config{
		Listeners: []broker.Listener{{URL: "tls://localhost:0"}},
		TLS:       &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		log.Panic(err)
	}
	defer b.Close(ctx)
	url := "mqtts://localhost:" + portOf(b)

	// Trust these authorities, and no other.
	conf, err := dial.TLS{CAFile: caFile}.Config()
	if err != nil {
		log.Panic(err)
	}
	c, err := mqtt.Dial(ctx, url, mqtt.Config{
		ClientID:  "lamp",
		Transport: mqtt.Transport{TLS: conf},
	})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)

	fmt.Println(c.IsConnected())
	// Output: true
}

func portOf(b *broker.Broker) string {
	a, err := dial.ParseAddress(b.URLs()[0])
	if err != nil {
		log.Panic(err)
	}
	return a.Port
}

func ExampleError() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	// Nothing listens at port 1.
	_, err := mqtt.Dial(ctx, "mqtt://127.0.0.1:1", mqtt.Config{})
	var failed *dial.Error
	if errors.As(err, &failed) {
		fmt.Println("it failed at the stage:", failed.Stage)
	}
	// Output: it failed at the stage: dial
}
