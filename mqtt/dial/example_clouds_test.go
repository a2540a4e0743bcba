package dial_test

import (
	"context"
	"log"
	"net/url"

	"dunlin/mqtt"
	"dunlin/mqtt/dial"
)

// The examples of docs/CLOUDS.md. They are compiled, and not run: nobody here has an account.

func Example_awsIoTCore() {
	ctx := context.Background()

	conf, err := dial.TLS{
		CAFile: "AmazonRootCA1.pem", CertFile: "lamp.pem", KeyFile: "lamp.key",
		ALPN: []string{"x-amzn-mqtt-ca"}, // at port 443; not at 8883
	}.Config()
	if err != nil {
		log.Panic(err)
	}
	c, err := mqtt.Dial(ctx, "mqtts://ENDPOINT-ats.iot.eu-west-1.amazonaws.com:443", mqtt.Config{
		Version:     mqtt.VersionAuto,
		ClientID:    "lamp",
		KeepSession: true,
		Reconnect:   &mqtt.Reconnect{},
		Limits:      mqtt.Limits{InFlight: 100, InFlightQoS2: -1},
		Transport:   mqtt.Transport{TLS: conf},
	})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)
}

func Example_awsCustomAuthorizer() {
	ctx := context.Background()
	password := ""

	conf, err := dial.TLS{ALPN: []string{"mqtt"}}.Config()
	if err != nil {
		log.Panic(err)
	}
	c, err := mqtt.Dial(ctx, "mqtts://ENDPOINT-ats.iot.eu-west-1.amazonaws.com:443", mqtt.Config{
		Version:   mqtt.VersionAuto,
		ClientID:  "lamp",
		Username:  "ann?" + url.Values{"x-amz-customauthorizer-name": {"gate"}}.Encode(),
		Password:  mqtt.Secret(password),
		Reconnect: &mqtt.Reconnect{},
		Limits:    mqtt.Limits{InFlight: 100, InFlightQoS2: -1},
		Transport: mqtt.Transport{TLS: conf},
	})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)
}

// newSAS makes a token; how is Azure's business.
func newSAS() string { return "SharedAccessSignature sr=...&sig=...&se=..." }

func Example_azureIoTHub() {
	ctx := context.Background()

	c, err := mqtt.Dial(ctx, "mqtts://HUB.azure-devices.net", mqtt.Config{
		Version:     mqtt.V311,
		ClientID:    "lamp",
		Username:    "HUB.azure-devices.net/lamp/?api-version=2021-04-12",
		KeepSession: true,
		Reconnect: &mqtt.Reconnect{
			// A token expires: each attempt to connect has a new one.
			Prepare: func(_ context.Context, a *mqtt.Attempt) error {
				a.Config.Password = mqtt.Secret(newSAS())
				return nil
			},
		},
		Limits: mqtt.Limits{InFlightQoS2: -1},
	})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)
	err = c.Publish(ctx, mqtt.Message{Topic: "devices/lamp/messages/events/", Payload: []byte(`{"on":true}`), QoS: mqtt.AtLeastOnce})
	if err != nil {
		log.Panic(err)
	}
}

func Example_azureEventGrid() {
	ctx := context.Background()

	conf, err := dial.TLS{CertFile: "lamp.pem", KeyFile: "lamp.key"}.Config()
	if err != nil {
		log.Panic(err)
	}
	c, err := mqtt.Dial(ctx, "mqtts://NAMESPACE.westeurope-1.ts.eventgrid.azure.net", mqtt.Config{
		Version:     mqtt.V5,
		ClientID:    "lamp-session",
		Username:    "lamp",
		KeepSession: true,
		Properties:  mqtt.ConnectProperties{SessionExpiry: mqtt.NeverExpires}, // the service shortens it
		Reconnect:   &mqtt.Reconnect{},
		Transport:   mqtt.Transport{TLS: conf},
	})
	if err != nil {
		log.Panic(err)
	}
	defer c.Close(ctx)
}
