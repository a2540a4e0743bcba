// Package otel brings MQTT clients to OpenTelemetry: their figures as instruments of a meter, and traces that go on where a
// message goes, in its user properties.
//
//	clients, err := otel.Observe(meter)
//	clients.Add("sensors", client)
//
//	send := otel.Sender{Client: client, Tracer: tracer}
//	err = send.Publish(ctx, message)                     // a span, whose context goes with the message
//	sub.Handler = otel.Handler(tracer, handle)           // a span that goes on from there
//
// The names of the user properties, "traceparent" and "tracestate", are those of the W3C draft "Trace Context: MQTT protocol"; the
// names of spans and attributes are OpenTelemetry's for messaging (semantic conventions 1.43). A message before MQTT 5, or before the first connection, has no
// user properties: its span stands alone.
package otel
