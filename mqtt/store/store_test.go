package store_test

import (
	"testing"

	"dunlin/mqtt/store"
	"dunlin/mqtt/store/storetest"
)

func TestMemory(t *testing.T) {
	stores := map[*testing.T]*store.Memory{}
	storetest.Run(t, func(t *testing.T) store.Store {
		if stores[t] == nil {
			stores[t] = store.NewMemory()
		}
		return stores[t].Open()
	})
}
