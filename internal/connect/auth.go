package connect

import (
	"context"
	"errors"
	"fmt"
)

// oneStep authenticates with data that is known before: the server takes it or not.
type oneStep struct {
	method string
	data   []byte
}

// Method returns the method's name.
func (a oneStep) Method() string { return a.method }

// Start returns the data.
func (a oneStep) Start(context.Context) ([]byte, error) { return a.data, nil }

// Continue fails: there is nothing more to say.
func (a oneStep) Continue(context.Context, []byte) ([]byte, error) {
	return nil, fmt.Errorf("authentication %q: %w", a.method, errMoreSteps)
}

// Finish takes whatever the server adds.
func (a oneStep) Finish(context.Context, []byte) error { return nil }

var errMoreSteps = errors.New("the server wants more steps than the one whose data was given")
