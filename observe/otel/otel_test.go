package otel_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"dunlin/broker"
	"dunlin/mqtt"
	"dunlin/observe/otel"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a broker and what ends with the test.
type rig struct {
	t     *testing.T
	ctx   context.Context
	url   string
	spans *tracetest.InMemoryExporter
	trace trace.Tracer
}

func newRig(t *testing.T) *rig {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	b, err := broker.Start(ctx, broker.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	return &rig{t: t, ctx: ctx, url: b.URLs()[0], spans: spans, trace: provider.Tracer("test")}
}

func (r *rig) dial(version mqtt.Version) *mqtt.Client {
	r.t.Helper()
	c, err := mqtt.Dial(r.ctx, r.url, mqtt.Config{Version: version})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// exchange publishes m with version in a span of its own and returns the message that came and the spans by their names.
func (r *rig) exchange(version mqtt.Version, m mqtt.Message) (*mqtt.Received, map[string]tracetest.SpanStub) {
	r.t.Helper()
	came := make(chan *mqtt.Received, 1)
	_, err := r.dial(mqtt.V5).Subscribe(r.ctx, mqtt.Subscription{Filter: m.Topic, QoS: 1, Handler: func(ctx context.Context, m *mqtt.Received) {
		otel.Handler(r.trace, func(context.Context, *mqtt.Received) {})(ctx, m)
		came <- m
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, root := r.trace.Start(r.ctx, "root")
	if err := (otel.Sender{Client: r.dial(version), Tracer: r.trace}).Publish(ctx, m); err != nil {
		r.t.Fatal(err)
	}
	root.End()
	got := <-came
	spans := map[string]tracetest.SpanStub{}
	for _, s := range r.spans.GetSpans() {
		spans[s.Name] = s
	}
	if len(spans) != 3 {
		r.t.Fatalf("spans: %v", spans)
	}
	return got, spans
}

func TestATraceGoesOnWhereTheMessageGoes(t *testing.T) {
	r := newRig(t)
	stale := []mqtt.UserProperty{{Name: "a", Value: "1"}, {Name: "traceparent", Value: "stale"}, {Name: "tracestate", Value: "other=1"}}
	m := mqtt.Message{Topic: "t", Payload: []byte("abc"), QoS: 1, Properties: &mqtt.Properties{UserProperties: stale}}
	got, spans := r.exchange(mqtt.V5, m)
	publish, process := spans["publish"], spans["process"]
	if publish.SpanKind != trace.SpanKindProducer || publish.Parent.SpanID() != spans["root"].SpanContext.SpanID() {
		t.Errorf("publish: %+v", publish)
	}
	if process.SpanKind != trace.SpanKindConsumer || process.Parent.SpanID() != publish.SpanContext.SpanID() ||
		process.SpanContext.TraceID() != publish.SpanContext.TraceID() || !process.Parent.IsRemote() {
		t.Errorf("process: %+v", process)
	}
	if len(process.Links) != 1 || process.Links[0].SpanContext.SpanID() != publish.SpanContext.SpanID() {
		t.Errorf("links: %+v", process.Links)
	}
	users := got.Properties.UserProperties
	if len(users) != 2 || users[0] != stale[0] || users[1].Name != "traceparent" || users[1].Value == "stale" {
		t.Errorf("user properties: %v", users)
	}
	if len(m.Properties.UserProperties) != 3 || m.Properties.UserProperties[1].Value != "stale" {
		t.Errorf("the message of the caller was changed: %v", m.Properties.UserProperties)
	}
	want := attribute.String("messaging.destination.name", "t")
	found := false
	for _, a := range process.Attributes {
		found = found || a == want
	}
	if !found {
		t.Errorf("attributes: %v", process.Attributes)
	}
}

func TestBeforeMQTT5TheSpansStandAlone(t *testing.T) {
	got, spans := newRig(t).exchange(mqtt.V311, mqtt.Message{Topic: "t", QoS: 1})
	if len(got.Properties.UserProperties) != 0 {
		t.Errorf("user properties: %v", got.Properties.UserProperties)
	}
	if spans["process"].Parent.IsValid() || len(spans["process"].Links) != 0 {
		t.Errorf("process: %+v", spans["process"])
	}
}

func TestFailuresEndTheirSpansAsErrors(t *testing.T) {
	r := newRig(t)
	c := r.dial(mqtt.V5)
	if err := (otel.Sender{Client: c, Tracer: r.trace}).Publish(r.ctx, mqtt.Message{Topic: "no/+"}); err == nil {
		t.Error("a topic with a wildcard was published")
	}
	func() {
		defer func() { _ = recover() }()
		otel.Handler(r.trace, func(context.Context, *mqtt.Received) { panic("oh") })(r.ctx, &mqtt.Received{Topic: "t"})
	}()
	spans := r.spans.GetSpans()
	if len(spans) != 2 || spans[0].Status.Code != codes.Error || spans[1].Status.Code != codes.Error {
		t.Fatalf("spans: %+v", spans)
	}
	for i, want := range []string{"*mqtt.ArgumentError", "panic"} { // the conventions ask for the kind of error
		if !slices.Contains(spans[i].Attributes, attribute.String("error.type", want)) {
			t.Errorf("%s has no error.type %s: %v", spans[i].Name, want, spans[i].Attributes)
		}
	}
}

// TestNamesOfInstrumentsAreNoNamespaces: where a.b.c is a name there can be none that is a.b (OpenTelemetry's conventions, Naming).
func TestNamesOfInstrumentsAreNoNamespaces(t *testing.T) {
	r := newRig(t)
	reader := sdkmetric.NewManualReader()
	clients, err := otel.Observe(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test"))
	if err != nil {
		t.Fatal(err)
	}
	clients.Add("lamps", r.dial(mqtt.V5))
	var all metricdata.ResourceMetrics
	if err := reader.Collect(r.ctx, &all); err != nil {
		t.Fatal(err)
	}
	names := []string{"mqtt.client.group"}
	for _, m := range all.ScopeMetrics[0].Metrics {
		names = append(names, m.Name)
	}
	if len(names) != 15 {
		t.Errorf("%d instruments, docs/OBSERVING.md says 14", len(names)-1)
	}
	for _, name := range names {
		for _, other := range names {
			if strings.HasPrefix(other, name+".") {
				t.Errorf("%s is a name, and the namespace of %s", name, other)
			}
		}
	}
}

func TestMetersShowTheSumOfAGroup(t *testing.T) {
	r := newRig(t)
	reader := sdkmetric.NewManualReader()
	clients, err := otel.Observe(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test"))
	if err != nil {
		t.Fatal(err)
	}
	one, two := r.dial(mqtt.V5), r.dial(mqtt.V5)
	clients.Add("lamps", one)
	clients.Add("lamps", two)
	read := func(name string) (sum int64) {
		t.Helper()
		var all metricdata.ResourceMetrics
		if err := reader.Collect(r.ctx, &all); err != nil {
			t.Fatal(err)
		}
		for _, scope := range all.ScopeMetrics {
			for _, m := range scope.Metrics {
				if data, ok := m.Data.(metricdata.Sum[int64]); ok && m.Name == name {
					for _, p := range data.DataPoints {
						sum += p.Value
					}
				}
			}
		}
		return sum
	}
	if n := read("mqtt.client.connected"); n != 2 {
		t.Errorf("connected: %d", n)
	}
	written := func() int64 { return int64(one.Stats().BytesWritten + two.Stats().BytesWritten) }
	before := written() // what was written last may be counted after its answer has come
	if n := read("mqtt.client.written"); n < before || n > written() {
		t.Errorf("written: %d, want %d to %d", n, before, written())
	}
	if err := one.Close(r.ctx); err != nil {
		t.Fatal(err)
	}
	if c, n := read("mqtt.client.connected"), read("mqtt.client.connections"); c != 1 || n != 2 {
		t.Errorf("after the end of one: connected %d, connections %d", c, n)
	}
	if err := clients.Close(); err != nil || clients.Close() != nil {
		t.Error(err)
	}
	if n := read("mqtt.client.connections"); n != 0 {
		t.Errorf("after Close: %d connections", n)
	}
}
