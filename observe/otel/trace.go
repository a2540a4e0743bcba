package otel

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"dunlin/mqtt"
)

// propagator writes and reads the two user properties.
var propagator propagation.TraceContext

// Inject returns m with the trace context of ctx in its user properties, in the place of those that it may have had. m and its
// properties are not changed. Without a span in ctx m is returned as it is. Before MQTT 5 a message with properties cannot be
// published.
func Inject(ctx context.Context, m mqtt.Message) mqtt.Message {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return m
	}
	p := mqtt.Properties{}
	if m.Properties != nil {
		p = *m.Properties
	}
	carrier := &carrier{users: slices.Clone(p.UserProperties)}
	for _, key := range propagator.Fields() { // a message that is sent on may have the state of another trace, and this one none
		carrier.remove(key)
	}
	propagator.Inject(ctx, carrier)
	p.UserProperties, p.Order = carrier.users, nil
	m.Properties = &p
	return m
}

// Extract returns ctx with the trace context that came in the user properties of m, if there is one that can be read.
func Extract(ctx context.Context, m *mqtt.Received) context.Context {
	if m.Properties == nil {
		return ctx
	}
	return propagator.Extract(ctx, &carrier{users: m.Properties.UserProperties})
}

// carrier is user properties as a propagation.TextMapCarrier.
type carrier struct{ users []mqtt.UserProperty }

func (c *carrier) Get(key string) string {
	for _, u := range c.users {
		if u.Name == key {
			return u.Value
		}
	}
	return ""
}

func (c *carrier) Set(key, value string) {
	c.remove(key)
	c.users = append(c.users, mqtt.UserProperty{Name: key, Value: value})
}

func (c *carrier) remove(key string) {
	c.users = slices.DeleteFunc(c.users, func(u mqtt.UserProperty) bool { return u.Name == key })
}

func (c *carrier) Keys() []string {
	keys := make([]string, len(c.users))
	for i, u := range c.users {
		keys[i] = u.Name
	}
	return keys
}

// Sender publishes with a span for each message.
type Sender struct {
	Client *mqtt.Client
	Tracer trace.Tracer
}

// Publish is Client.Publish inside a span of kind producer that ends with it. On a connection of MQTT 5 the context of the span
// goes with the message.
func (s Sender) Publish(ctx context.Context, m mqtt.Message) error {
	ctx, span := s.Tracer.Start(ctx, "publish", trace.WithSpanKind(trace.SpanKindProducer), trace.WithAttributes(
		append(attributes(m.Topic, m.QoS, len(m.Payload)), semconv.MessagingOperationTypeSend, semconv.MessagingOperationName("publish"))...))
	defer span.End()
	if s.Client.ConnAck().Version == mqtt.V5 {
		m = Inject(ctx, m)
	}
	err := s.Client.Publish(ctx, m)
	if err != nil {
		span.RecordError(err)
		span.SetAttributes(semconv.ErrorType(err))
		span.SetStatus(codes.Error, err.Error())
	}
	return err
}

// Handler returns a handler that calls next inside a span of kind consumer, a child of the one that the message was sent in, and
// linked with it. A panic of next ends the span as an error and goes on.
func Handler(tracer trace.Tracer, next mqtt.Handler) mqtt.Handler {
	return func(ctx context.Context, m *mqtt.Received) {
		ctx = Extract(ctx, m)
		ctx, span := tracer.Start(ctx, "process", trace.WithSpanKind(trace.SpanKindConsumer),
			trace.WithLinks(trace.LinkFromContext(ctx)), trace.WithAttributes(append(attributes(m.Topic, m.QoS, len(m.Payload)),
				semconv.MessagingOperationTypeProcess, semconv.MessagingOperationName("process"))...))
		returned := false
		defer func() {
			if !returned {
				span.SetAttributes(semconv.ErrorTypeKey.String("panic"))
				span.SetStatus(codes.Error, "the handler panicked")
			}
			span.End()
		}()
		next(ctx, m)
		returned = true
	}
}

func attributes(topic string, qos mqtt.QoS, size int) []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.MessagingSystemKey.String("mqtt"), semconv.MessagingDestinationName(topic),
		semconv.MessagingMessageBodySize(size), attribute.Int("messaging.mqtt.qos", int(qos)),
	}
}
