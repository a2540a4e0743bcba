package mqtt_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"dunlin/mqtt"
	"dunlin/mqtt/mqtttest"
)

func hexBytes(t *testing.T, s string) []byte {
	t.Helper()
	b, err := mqtttest.ParseHex(s)
	must(t, err)
	return b
}

// TestOrderOfReceivedProperties has properties come in several orders, and publishes each message on: it goes out with
// what it came with, but for what belongs to one connection.
func TestOrderOfReceivedProperties(t *testing.T) {
	got := make(chan *mqtt.Received, 1)
	s := dialV5(t, "", func(cfg *mqtt.Config) {
		cfg.Limits.TopicAliases = 5
		cfg.OnMessage = func(_ context.Context, m *mqtt.Received) { got <- m }
	})
	for name, test := range map[string]struct {
		came, order, goesOn string
		alias               uint16
	}{
		"none":                 {},
		"order of the fields":  {came: "0101 0200000003 03000163 08000172 09000164 26000161000131 26000162000132", goesOn: "0101 0200000003 03000163 08000172 09000164 26000161000131 26000162000132"},
		"identifiers in front": {came: "0B07 0B08 0101", goesOn: "0101"},
		"identifier behind":    {came: "0101 0B07", order: "01 0B", goesOn: "0101"},
		"alias":                {came: "03000163 230002", goesOn: "03000163", alias: 2},
		"alias in front":       {came: "230005 03000163", order: "23 03", goesOn: "03000163", alias: 5},
		"user properties between others": {
			came: "26000161000131 03000163 26000162000132 09000164 26000161000133", order: "26 03 26 09 26",
			goesOn: "26000161000131 03000163 26000162000132 09000164 26000161000133",
		},
		"expiry last":               {came: "0101 0200000003", goesOn: "0101 0200000003"},
		"expiry behind type":        {came: "03000163 0200000003", order: "03 02", goesOn: "03000163 0200000003"},
		"indicator that is 0":       {came: "0100", order: "01", goesOn: "0100"},
		"content type that is none": {came: "030000", order: "03", goesOn: "030000"},
		"correlation data of none":  {came: "090000", goesOn: "090000"},
	} {
		properties := hexBytes(t, test.came)
		s.server.SendBytes(append([]byte{0x30, byte(4 + len(properties)), 0, 1, 't', byte(len(properties))}, properties...))
		m := <-got
		order, alias := "", uint16(0)
		if m.Properties != nil {
			order, alias = fmt.Sprintf("% X", m.Properties.Order), m.Properties.TopicAlias
		}
		if order != test.order || alias != test.alias {
			t.Errorf("%s: order %q, alias %d, want %q, %d", name, order, alias, test.order, test.alias)
		}
		s.mustWait(async(func() error { return s.Publish(s.ctx, m.Message()) }))
		goesOn := hexBytes(t, test.goesOn)
		s.server.Expect(fmt.Sprintf("30 %02X 000174 %02X %X", 4+len(goesOn), len(goesOn), goesOn))
	}
}

// TestOrderOfSentProperties: those that Order names go first, those that it forgets follow, and what it names without
// need is left out or refused.
func TestOrderOfSentProperties(t *testing.T) {
	expiry := 3 * time.Second
	s := dialV5(t, "", nil)
	for name, test := range map[string]struct {
		properties mqtt.Properties
		want       string // "" where it is refused
	}{
		"rest behind": {
			mqtt.Properties{PayloadIsText: true, MessageExpiry: &expiry, ContentType: "c", Order: []byte{3}}, "03000163 0101 0200000003",
		},
		"user property that is not there": {mqtt.Properties{ContentType: "c", Order: []byte{0x26, 3, 0x26}}, "03000163"},
		"no values":                       {mqtt.Properties{Order: []byte{2, 8, 9, 0x0B, 0x23}}, ""},
		"empty order":                     {mqtt.Properties{ContentType: "c", Order: []byte{}}, "03000163"},
		"alias":                           {mqtt.Properties{TopicAlias: 3, Order: []byte{0x23}}, ""},
	} {
		s.mustWait(async(func() error {
			return s.Publish(s.ctx, mqtt.Message{Topic: "t", Properties: &test.properties})
		}))
		want := hexBytes(t, test.want)
		t.Log(name)
		s.server.Expect(fmt.Sprintf("30 %02X 000174 %02X %X", 4+len(want), len(want), want))
	}
	for _, order := range [][]byte{{1, 1}, {3, 3}, {0x11}, {0x1F}, {0x99}, {0}} {
		err := s.Publish(s.ctx, mqtt.Message{Topic: "t", Properties: &mqtt.Properties{PayloadIsText: true, Order: order}})
		if _, ok := errors.AsType[*mqtt.ArgumentError](err); !ok {
			t.Errorf("order % X: %v, want an *ArgumentError", order, err)
		}
	}
}

// TestReceiveAllocationsWithProperties: the usual order costs no allocation, another one costs one.
func TestReceiveAllocationsWithProperties(t *testing.T) {
	done := make(chan struct{}, 1)
	_, conn := dialLoopOf(t, mqtt.V5, func(context.Context, *mqtt.Received) { done <- struct{}{} })
	for what, test := range map[string]struct {
		properties string
		limit      float64
	}{
		"usual order":   {"0B01 0101 03000163", 6.05},
		"another order": {"0101 0B01 03000163", 7.05},
	} {
		properties := hexBytes(t, test.properties)
		packet := append([]byte{0x30, byte(4 + len(properties)), 0, 1, 't', byte(len(properties))}, properties...)
		budget(t, what, test.limit, func() {
			conn.push(packet...)
			<-done
		})
	}
}
