package mqtt_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

// moved is a CONNACK that names another server.
func moved(code byte, reference string) string {
	return fmt.Sprintf("20 %02X 00 %02X %02X 1C %04X %X", 6+len(reference), code, 3+len(reference), len(reference), reference)
}

// TestRedirectIsFollowedWhenAsked shows CA-36: CONNACK names another server.
func TestRedirectIsFollowedWhenAsked(t *testing.T) {
	first, second := mqtttest.NewServer(t), mqtttest.NewServer(t)
	ctx := ctxFor(t)
	var c *mqtt.Client
	dialed := async(func() (err error) {
		c, err = mqtt.Dial(ctx, first.URL(), mqtt.Config{
			ClientID: "c", Version: mqtt.V5, Username: "u", Password: []byte("secret"),
			Transport: mqtt.Transport{Redirect: func(reference string, next *mqtt.Config) (string, bool) {
				if next.Username != "" || next.Password != nil {
					t.Error("the other server would get the credentials")
				}
				return "mqtt://" + reference, true
			}},
		})
		return err
	})
	conn := first.Accept()
	if packet := conn.Packet(); !strings.Contains(string(packet), "secret") {
		t.Error("the first server got no password")
	}
	conn.Send(moved(0x9C, second.Addr()))
	conn.Close()
	conn = second.Accept()
	if packet := conn.Packet(); strings.Contains(string(packet), "secret") {
		t.Error("the second server got the password")
	}
	conn.Send("20 03 000000")
	if err := <-dialed; err != nil {
		t.Fatal(err)
	}
	conn.Close()
	_ = c.Close(ctx) // the server has gone
}

// TestRedirectIsNotFollowed shows CA-36: CONNACK names another server.
func TestRedirectIsNotFollowed(t *testing.T) {
	for name, test := range map[string]struct {
		code     byte
		redirect func(string, *mqtt.Config) (string, bool)
	}{
		"unasked":       {0x9D, nil},
		"declined":      {0x9D, func(string, *mqtt.Config) (string, bool) { return "", false }},
		"other refusal": {0x87, func(string, *mqtt.Config) (string, bool) { return "mqtt://127.0.0.1:1", true }},
	} {
		t.Run(name, func(t *testing.T) {
			server := mqtttest.NewServer(t)
			ctx := ctxFor(t)
			dialed := async(func() error {
				_, err := mqtt.Dial(ctx, server.URL(), mqtt.Config{ClientID: "c", Version: mqtt.V5, Transport: mqtt.Transport{Redirect: test.redirect}})
				return err
			})
			conn := server.Accept()
			conn.Packet()
			conn.Send(moved(test.code, "elsewhere:1883"))
			conn.Close()
			var refused *mqtt.ConnectError
			if err := <-dialed; !errors.As(err, &refused) || byte(refused.Code) != test.code || refused.Reference != "elsewhere:1883" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRedirectsInACircleEnd(t *testing.T) {
	server := mqtttest.NewServer(t)
	ctx := ctxFor(t)
	dialed := async(func() error {
		_, err := mqtt.Dial(ctx, server.URL(), mqtt.Config{
			ClientID: "c", Version: mqtt.V5,
			Transport: mqtt.Transport{
				Redirect: func(reference string, _ *mqtt.Config) (string, bool) { return "mqtt://" + reference, true },
			},
		})
		return err
	})
	for range 6 {
		conn := server.Accept()
		conn.Packet()
		conn.Send(moved(0x9C, server.Addr()))
		conn.Close()
	}
	if err := <-dialed; err == nil || !strings.Contains(err.Error(), "more than 5 times") {
		t.Errorf("got %v", err)
	}
}
