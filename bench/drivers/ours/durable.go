package main

import (
	"errors"

	"dunlin/bench/drive"
	"dunlin/mqtt"
	"dunlin/mqtt/store/disk"
)

// durable publishes with a store on disk.
func durable(r *drive.Run) (err error) {
	options := disk.Options{Sync: disk.Always}
	if r.Sync == "interval" {
		options.Sync = disk.Interval
	}
	store, err := disk.Open(r.Dir, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	cfg := mqtt.Config{
		ClientID: "durable", KeepSession: true, Store: store,
		Limits: mqtt.Limits{InFlight: drive.Window},
	}
	c, err := connect(r.Setup, cfg)
	if err != nil {
		return err
	}
	w := newPlaces(drive.Window)
	m := message(r, 1)
	if err := r.Messages(func(n int) error { return w.publish(c, m, n) }); err != nil {
		return err
	}
	return c.Close(ctx)
}
