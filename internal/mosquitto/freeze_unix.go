//go:build unix

package mosquitto

import "syscall"

// Freeze stops the process without ending it: connections stay open and nothing
// answers any more, as with a broken network. Thaw, Kill and the test's end undo it.
func (b *Broker) Freeze() { b.signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (b *Broker) Thaw() { b.signal(syscall.SIGCONT) }

func (b *Broker) signal(s syscall.Signal) {
	b.t.Helper()
	if b.cmd == nil {
		b.t.Fatalf("mosquitto: send %v: the broker does not run", s)
	}
	if err := b.cmd.Process.Signal(s); err != nil {
		b.t.Fatalf("mosquitto: send %v: %v", s, err)
	}
}
