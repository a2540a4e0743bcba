package jsre_test

import (
	"testing"

	"dunlin/internal/mosquitto"
)

func TestTimersBeatWatchAndEnd(t *testing.T) {
	b := mosquitto.Start(t, mosquitto.Options{})
	u := join(t, b, "heart/#")
	start(t, "timer-heartbeat.js", place(t, b)...).ends("beat 1\nbeat 2\nbeat 3\nsilence\nstopped\n")
	u.hears("heart/beat 1", "heart/beat 2", "heart/beat 3")
}
