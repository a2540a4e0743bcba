// Package sim plays random schedules against the session core: an application
// that publishes and handles messages, a store, a server that follows the
// standard to the letter, a network that breaks at any byte boundary between two
// packets, and a process that is killed at any moment, also while the store has saved
// a part of a batch. One server in four gives messages new packet identifiers when a
// session goes on, as some do, and two in five send poison among good messages: a topic with
// a wildcard, which the client takes and throws away once it has ended a connection of the
// process. Among the steps are turns of a reader that runs the handlers itself: it takes several packets
// with one read, handlers act on them in order and publish in between, then all answers are written at
// once. A handler in the middle may wait: what was handled before is answered then, another reader takes
// further packets, and the connection or the process may be lost, before the rest is handled. A seed gives the same
// schedule each time, whatever the machine, because nothing in it has a clock, a
// goroutine or a map whose order matters.
//
// After each schedule the faults stop, everything is brought to its end, and the
// promises are checked: what was accepted arrived, QoS 2 arrived once and was
// handled once (by a server that renumbers, at least once), nothing was acknowledged
// that no handler saw but poison, which none got, in order, within the Receive Maximum, under identifiers that
// were free, with DUP where it belongs, and every publish ended once.
package sim
