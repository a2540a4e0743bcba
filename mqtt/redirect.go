package mqtt

import (
	"context"
	"errors"
	"fmt"
)

// maxRedirects is how many servers Dial goes on to before it gives up.
const maxRedirects = 5

// follow connects to the server that a refusal names, if cfg.Transport.Redirect wants to.
// It returns the refusal otherwise.
func (cfg *Config) follow(ctx context.Context, refusal error, left int) (*Client, error) {
	url, next, err := cfg.redirected(refusal, left)
	if err != nil {
		return nil, err
	}
	return dialFrom(ctx, url, *next, left-1)
}

// redirected returns where to go on and as whom, or why not.
func (cfg *Config) redirected(refusal error, left int) (url string, next *Config, err error) {
	var refused *ConnectError
	if cfg.Transport.Redirect == nil || !errors.As(refusal, &refused) || !refused.redirects() {
		return "", nil, refusal
	}
	other := *cfg
	other.Username, other.Password, other.Auth = "", nil, nil
	url, follow := cfg.Transport.Redirect(refused.Reference, &other)
	if !follow {
		return "", nil, refusal
	}
	if left == 0 {
		return "", nil, fmt.Errorf("connect: redirected more than %d times: %w", maxRedirects, refusal)
	}
	return url, &other, nil
}

// redirects reports whether the refusal names another server to use.
func (e *ConnectError) redirects() bool {
	return sendsAway(e) && e.Reference != ""
}
