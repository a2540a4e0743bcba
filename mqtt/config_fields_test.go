package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
	"unsafe"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
	"dunlin/mqtt/store"
)

// takenBy says which calls look at a field of Config, besides Dial.
var takenBy = map[string]string{
	"Version": "Connect", "ClientID": "Connect", "KeepSession": "Connect", "KeepAlive": "Connect", "Username": "Connect",
	"Password": "Connect", "Will": "Connect", "Properties": "Connect", "Auth": "Connect", "Mode": "Connect", "Limits": "Connect",
	"Transport": "Open", "OnConnect": "Open", "OnDisconnect": "Open", "OnRetry": "Open", "OnError": "Open",
	"OnMessage": "Open", "OnLargeMessage": "Open", "ManualAck": "Open", "OnPacket": "Open", "CopyPerSubscription": "Open",
	"Poison":    "Open",
	"Reconnect": "Dial", "Store": "Dial",
}

// setField gives a field a value that is not zero.
func setField(t *testing.T, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("x")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { return nil }))
	case reflect.Struct:
		setField(t, v.Field(0))
	case reflect.Interface:
		for _, some := range []any{store.NewMemory(), secretAuth{}} {
			if reflect.TypeOf(some).Implements(v.Type()) {
				v.Set(reflect.ValueOf(some))
			}
		}
	default:
		v.Set(reflect.ValueOf(1).Convert(v.Type()))
	}
	if v.IsZero() {
		t.Fatalf("no value for a %v", v.Type())
	}
}

func TestOpenAndConnectRefuseWhatTheyDoNotLookAt(t *testing.T) { // each field, and a new one must be put into a list
	fields := reflect.TypeFor[mqtt.Config]()
	for i := range fields.NumField() {
		name := fields.Field(i).Name
		want, known := takenBy[name]
		if !known {
			t.Errorf("%s: say who takes it", name)
			continue
		}
		var cfg mqtt.Config
		setField(t, reflect.ValueOf(&cfg).Elem().Field(i))
		for call, err := range map[string]error{"Open": openBy(t, cfg), "Connect": connectBy(t, cfg)} {
			says := "is not for " + call
			if want == "Dial" {
				says = "is for Dial"
			}
			var bad *mqtt.ArgumentError
			refused := errors.As(err, &bad) && strings.Contains(err.Error(), "Config."+name+": ") && strings.Contains(err.Error(), says)
			if refused == (want == call) {
				t.Errorf("%s: %s returned %v", name, call, err)
			}
		}
	}
	var bad *mqtt.ArgumentError
	cfg := mqtt.Config{Transport: mqtt.Transport{Redirect: func(string, *mqtt.Config) (string, bool) { return "", false }}}
	if err := openBy(t, cfg); !errors.As(err, &bad) {
		t.Errorf("Redirect, which only Dial follows: %v", err)
	}
}

// openBy returns what Open says to cfg.
func openBy(t *testing.T, cfg mqtt.Config) error {
	t.Helper()
	server := mqtttest.NewServer(t)
	c, err := mqtt.Open(ctxFor(t), server.URL(), cfg)
	if err == nil {
		must(t, c.Close(t.Context()))
	}
	return err
}

// connectBy returns what Connect says to cfg, where no server answers.
func connectBy(t *testing.T, cfg mqtt.Config) error {
	t.Helper()
	server := mqtttest.NewServer(t)
	c, err := mqtt.Open(ctxFor(t), server.URL(), mqtt.Config{})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = c.Connect(ctx, cfg)
	must(t, c.Close(t.Context()))
	return err
}

func TestAsyncFormsRefuseAnEndedContext(t *testing.T) { // and send nothing; after the call it does not count
	s := dialScripted(t, nil)
	gone, cancel := context.WithCancelCause(s.ctx)
	cancel(errors.New("too late"))
	for call, err := range map[string]error{
		"Subscribe":        errorOf(s.Subscribe(gone, mqtt.Subscription{Filter: "t"})),
		"SubscribeAsync":   errorOf(s.SubscribeAsync(gone, []mqtt.Subscription{{Filter: "t"}}, nil)),
		"Unsubscribe":      s.Unsubscribe(gone, "t"),
		"UnsubscribeAsync": errorOf(s.UnsubscribeAsync(gone, []string{"t"}, nil)),
		"Publish":          s.Publish(gone, mqtt.Message{Topic: "t", QoS: 1}),
	} {
		if !errors.Is(err, mqtt.ErrNotSent) || !strings.HasSuffix(err.Error(), "too late") {
			t.Errorf("%s: %v", call, err)
		}
	}
	ctx, cancelLater := context.WithCancel(s.ctx)
	told := make(chan error, 2)
	_, err := s.SubscribeAsync(ctx, []mqtt.Subscription{{Filter: "t"}}, func(err error) { told <- err })
	must(t, err)
	_, err = s.UnsubscribeAsync(ctx, []string{"t"}, func(err error) { told <- err })
	must(t, err)
	cancelLater()
	s.answerRequest(false, 0)
	s.answerRequest(false)
	must(t, <-told)
	must(t, <-told)
	s.closeWell()
}

func TestMemorySizeCountsWhatAMessageHolds(t *testing.T) {
	empty := (&mqtt.Received{}).MemorySize()
	for what, m := range map[string]*mqtt.Received{
		"payload":         {Payload: make([]byte, 1, 1000)},
		"topic":           {Topic: strings.Repeat("t", 1000)},
		"user properties": {Properties: &mqtt.Properties{UserProperties: make([]mqtt.UserProperty, 1200/unsafe.Sizeof(mqtt.UserProperty{}))}},
		"correlation":     {Properties: &mqtt.Properties{CorrelationData: make([]byte, 1000)}},
	} {
		if n := m.MemorySize() - empty; n < 1000 || n > 1500 {
			t.Errorf("%s of 1000 bytes counts as %d", what, n)
		}
	}
}

func TestWillDelayIsSent(t *testing.T) { // in whole seconds, and only where it means something
	will := &mqtt.Will{Message: mqtt.Message{Topic: "w"}, Delay: 1500 * time.Millisecond}
	_, p := connectOf(t, mqtt.Config{ClientID: "c", Version: mqtt.V5, Will: will})
	if got := fmt.Sprintf("% X", []byte(p.Will.Properties)); got != "18 00 00 00 02" {
		t.Errorf("properties of the will: %s", got)
	}
	var bad *mqtt.ArgumentError
	for _, cfg := range []mqtt.Config{
		{ClientID: "c", Will: will},
		{ClientID: "c", Version: mqtt.V5, Will: &mqtt.Will{Message: mqtt.Message{Topic: "w"}, Delay: -1}},
	} {
		if err := cfg.Validate(); !errors.As(err, &bad) || !strings.Contains(err.Error(), "Will.Delay") {
			t.Errorf("got %v", err)
		}
	}
}

// TestFurtherServersAreCheckedAtOnce has a URL among the further servers that leads nowhere. Found
// at the first lost connection only, it would end the client, for it stays wrong.
func TestFurtherServersAreCheckedAtOnce(t *testing.T) {
	cfg := mqtt.Config{Reconnect: &mqtt.Reconnect{Servers: []string{"mqtt://two", "gopher://me:secret@three"}}}
	for name, err := range map[string]error{
		"Validate": cfg.Validate(),
		"Dial":     errorOf(mqtt.Dial(ctxFor(t), "mqtt://127.0.0.1:1", cfg)),
	} {
		var bad *mqtt.ArgumentError
		if !errors.As(err, &bad) || bad.Name != "Reconnect.Servers" || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
