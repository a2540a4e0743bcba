//go:build !linux

package capture_test

const loopback = "lo0"
