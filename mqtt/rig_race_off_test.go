//go:build !race

package mqtt_test

// raced tells that the race detector runs, with which functions need more stack.
const raced = false
