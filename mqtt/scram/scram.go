// Package scram authenticates MQTT 5 clients by SCRAM (RFC 5802): client and
// server prove to each other that they know a password, without sending it.
//
//	cfg := mqtt.Config{Version: mqtt.V5, Auth: scram.SHA256("user", "password")}
package scram

import (
	"context"
	"errors"
	"fmt"

	"github.com/xdg-go/scram"

	"dunlin/mqtt"
)

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
func (a *authenticator) Start(context.Context) ([]byte, error) {
	client, err := a.hash.NewClient(a.username, a.password, "")
	if err != nil {
		return nil, fmt.Errorf("scram: user name or password cannot be used: %w", err)
	}
	a.talk = client.NewConversation()
	return a.step(nil)
}

// Continue implements mqtt.Authenticator: it answers the server's message.
func (a *authenticator) Continue(_ context.Context, data []byte) ([]byte, error) { return a.step(data) }

// Finish implements mqtt.Authenticator: it checks the server's proof, which came
// with its consent or as the last message before.
func (a *authenticator) Finish(_ context.Context, data []byte) error {
	if data != nil && !a.talk.Done() {
		if _, err := a.step(data); err != nil {
			return err
		}
	}
	if !a.talk.Valid() {
		return ErrServerNotProven
	}
	return nil
}

func (a *authenticator) step(data []byte) ([]byte, error) {
	reply, err := a.talk.Step(string(data))
	if err != nil {
		return nil, fmt.Errorf("scram: %w", err)
	}
	return []byte(reply), nil
}
