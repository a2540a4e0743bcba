// Package mqtt is an MQTT client for versions 3.1, 3.1.1 and 5.
//
// Dial connects, Publish and Subscribe do what they say, Close says goodbye:
//
//	c, err := mqtt.Dial(ctx, "mqtt://localhost:1883", mqtt.Config{ClientID: "lamp"})
//	if err != nil { ... }
//	defer c.Close(context.Background()) // ctx has ended by then
//	show := func(_ context.Context, m *mqtt.Received) { fmt.Printf("%s: %s\n", m.Topic, m.Payload) }
//	_, err = c.Subscribe(ctx, mqtt.Subscription{Filter: "lamp/#", QoS: 1, Handler: show})
//	err = c.Publish(ctx, mqtt.Message{Topic: "lamp/state", Payload: []byte("on"), QoS: 1})
//	<-ctx.Done() // messages come until then
//
// Open and Client.Connect do the two halves of Dial one by one.
//
// # Concurrency
//
// All methods of a Client may be called from any goroutine, also from inside a handler: publishing
// there, and waiting for it, is legal. Handlers and callbacks of one client run one at a time, in
// order, on goroutines of the client, except for those of subscriptions with Workers, and OnPacket.
// While a handler runs, acknowledgements and pings go on; when more messages come than it can take,
// the client stops reading, so that the server is slowed and memory does not grow.
//
// # Outcomes
//
// Every operation ends exactly once. Its error says what became of the request:
//
//   - nil: completed. QoS 0: written to the network; QoS 1 and 2: acknowledged.
//   - ErrNotSent: no byte of it left; it may be tried again without a duplicate.
//   - ErrInDoubt: it was sent, or may have been, and the answer will not come.
//   - ErrQueued: only the waiting for it ended; it has not left yet, and goes on.
//   - ErrRejected: the server refused it; a *PublishError, *SubscribeError or
//     *ConnectError holds the reason code.
//   - ErrTakenAtQoS1: the server answered a QoS 2 publish as one of QoS 1: it has the
//     message, perhaps more than once.
//   - ErrSaved: the client was closed first, and the message is in the
//     Config.Store: the next client of the session sends it.
//
// ErrClosed, ErrNotConnected, ErrSessionLost, ErrQueueFull, ErrExpired, ErrQuarantined
// and ErrNoQoS2 say in addition why. A context ends the waiting, it never takes
// back what was sent. No time-out is in force that a doc comment does not name.
//
// # Lasting clients
//
// A client ends with its connection, unless Config.Reconnect says otherwise: then
// it makes another one, renews its subscriptions if the server has lost them, and
// sends again what is not acknowledged. With a Config.Store what it accepted
// outlives the process, too. docs/RELIABILITY.md says what is promised, and how
// that is tested.
package mqtt
