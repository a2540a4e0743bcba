package proxy_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/dial"
	"dunlin/mqtt/dial/proxy"
)

// TestStalledProxy shows TR-06: context ends at any stage; TL-14: TLS handshake stalls.
func TestStalledProxy(t *testing.T) {
	for _, scheme := range []string{"socks5", "http", "https"} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, theirs) }()
			d, err := proxy.New(scheme + "://p")
			must(t, err)
			d.Dial = func(context.Context, string, string) (net.Conn, error) { return ours, nil }
			begin := time.Now()
			_, err = mqtt.Open(context.Background(), "mqtts://h", mqtt.Config{Transport: mqtt.Transport{Dial: d.DialContext, ConnectTimeout: time.Minute}})
			if want := "proxy mqtts://h:8883: via " + scheme + "://p: no connection within 1m0s"; err == nil || err.Error() != want || time.Since(begin) != time.Minute {
				t.Errorf("after %v: %v", time.Since(begin), err)
			}
			_ = theirs.Close()
		})
	}
}

// TestProxyThatIsNotThere shows TR-01: nobody listens at the address; TR-12: SOCKS5.
func TestProxyThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_ = l.Close()
	d, err := proxy.New("socks5://joe:s3cret@" + l.Addr().String())
	must(t, err)
	_, err = mqtt.Dial(withTimeout(t), "mqtt://broker.test", mqtt.Config{Transport: mqtt.Transport{Dial: d.DialContext}})
	want := "proxy mqtt://broker.test:1883: via socks5://" + l.Addr().String() + ": connect: " + syscall.ECONNREFUSED.Error()
	if !errors.Is(err, syscall.ECONNREFUSED) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestBadProxyURLs(t *testing.T) {
	for raw, want := range map[string]string{
		"ftp://joe:s3cret@h":      `scheme "ftp" is not one of`,
		"ftp://s3cret@h":          "is not one of", // some take a token for a user name
		"socks5://joe:s3cret@":    "has no host",
		"socks5://joe:s3cret/@h":  "cannot be read",
		"http://joe:%zzs3cret@h":  "cannot be read",
		"socks4://joe:s3cret@h:1": "is not one of",
	} {
		if _, err := proxy.New(raw); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", raw, err)
		}
	}
	for _, choose := range []func(string) (*url.URL, error){
		func(string) (*url.URL, error) { return &url.URL{Scheme: "ftp", Host: "h"}, nil },
		func(string) (*url.URL, error) { return nil, errors.New("no choice") },
	} {
		d := &proxy.Dialer{Proxy: choose}
		var staged *dial.Error
		if _, err := d.DialContext(withTimeout(t), "tcp", "h:1"); !errors.As(err, &staged) || staged.Stage != dial.StageProxy {
			t.Errorf("got %v", err)
		}
	}
}
