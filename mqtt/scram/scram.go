// Package scram authenticates MQTT 5 clients by SCRAM (RFC 5802): client and
// server prove to each other that they know a password, without sending it.
//
//	cfg := mqtt.Config{Version: mqtt.V5, Auth: scram.SHA256("user", "password")}
//
// The server says how often the password is hashed. From 4,096 to [MaxIterations]
// times are taken; with fewer the proof would give the password away, with more it
// would keep the processor busy for as long as the server likes.
package scram

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"

	"dunlin/mqtt"
)

// MaxIterations is how often at most a server can have the password hashed: a PC
// takes about half a second for it, and a small device some twenty.
const MaxIterations = 1_000_000

// ErrServerNotProven is returned when a server let the client in without the
// proof that it knows the password too.
var ErrServerNotProven = errors.New("scram: the server has not proven that it knows the password")

// authenticator is a mqtt.Authenticator; each Start begins a new conversation.
type authenticator struct {
	method             string
	hash               scram.HashGeneratorFcn
	username, password string
	talk               *scram.ClientConversation
}

// SHA256 returns an authenticator of method SCRAM-SHA-256 (RFC 7677) for
// mqtt.Config.Auth. User name and password are prepared as SASLprep says. It
// belongs to one client.
func SHA256(username, password string) mqtt.Authenticator {
	return &authenticator{method: "SCRAM-SHA-256", hash: scram.SHA256, username: username, password: password}
}

// SHA512 is SHA256 with method SCRAM-SHA-512.
func SHA512(username, password string) mqtt.Authenticator {
	return &authenticator{method: "SCRAM-SHA-512", hash: scram.SHA512, username: username, password: password}
}

// Method implements mqtt.Authenticator.
func (a *authenticator) Method() string { return a.method }

// Start implements mqtt.Authenticator: it returns the client's first message.
func (a *authenticator) Start(ctx context.Context) ([]byte, error) {
	client, err := a.hash.NewClient(a.username, a.password, "")
	if err != nil {
		return nil, fmt.Errorf("scram: user name or password cannot be used: %w", err)
	}
	a.talk = client.NewConversation()
	return step(ctx, a.talk, nil)
}

// Continue implements mqtt.Authenticator: it answers the server's message.
func (a *authenticator) Continue(ctx context.Context, data []byte) ([]byte, error) {
	if err := checkIterations(string(data)); err != nil {
		return nil, err
	}
	return step(ctx, a.talk, data)
}

// Finish implements mqtt.Authenticator: it checks the server's proof, which came
// with its consent or as the last message before.
func (a *authenticator) Finish(ctx context.Context, data []byte) error {
	if data != nil && !a.talk.Done() {
		if _, err := step(ctx, a.talk, data); err != nil {
			return err
		}
	}
	if !a.talk.Valid() {
		return ErrServerNotProven
	}
	return nil
}

// checkIterations refuses a server's message that asks for too many iterations, as
// its attribute i. What is no number is left to the conversation.
func checkIterations(message string) error {
	for attribute := range strings.SplitSeq(message, ",") {
		text, found := strings.CutPrefix(attribute, "i=")
		if !found {
			continue
		}
		if n, err := strconv.ParseUint(text, 10, 64); err == nil && n > MaxIterations {
			return fmt.Errorf("scram: the server asks for %d iterations, and at most %d are computed; lower them there", n, MaxIterations)
		}
	}
	return nil
}

// step takes the server's message and returns the client's. When ctx ends first, what
// is being computed goes on to its end, and nobody looks at it.
func step(ctx context.Context, talk *scram.ClientConversation, data []byte) ([]byte, error) {
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := talk.Step(string(data))
		answers <- answer{text, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return nil, fmt.Errorf("scram: %w", a.err)
		}
		return []byte(a.text), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("scram: %w", context.Cause(ctx))
	}
}
