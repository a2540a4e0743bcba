package feed

import "testing"

// SetLargest has payloads of more than n bytes be too large until the test ends.
func SetLargest(t *testing.T, n int) {
	t.Helper()
	largest = n
	t.Cleanup(func() { largest = MaxPayload })
}
