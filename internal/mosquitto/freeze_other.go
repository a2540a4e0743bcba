//go:build !unix

package mosquitto

// Freeze ends the test, for no process can be stopped without ending it here.
func (b *Broker) Freeze() { b.t.Fatal("this system cannot stop a process without ending it") }

// Thaw has nothing to undo.
func (*Broker) Thaw() {}
