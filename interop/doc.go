// Package interop holds one suite of tests that runs dunlin/mqtt against MQTT
// servers written by others: Mosquitto, RabbitMQ, NATS, aedes and mochi-mqtt. It is
// a module of its own, so that what the servers need stays out of Dunlin's go.mod.
//
// Where a server departs from the standard, the case stays in the suite and the
// table of deviations says what is seen instead; a case that passes although the
// table has it fails, so that an entry goes when its server is mended. What one
// server alone does, and what a user should know of it, stands in its facts.
package interop
