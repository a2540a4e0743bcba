// Package compat holds the tests that measure the API of MQTT.js in scripts: each script of
// testdata runs on Node.js with the npm package mqtt, as package-lock.json pins it, and with
// dunlin run, against the same Mosquitto or the same scripted server, and both must print the
// same. What differs is listed in docs/SCRIPTS.md with its reason; the list is made from
// differences_test.go by
//
//	go test ./jsre/compat -run TestListOfDifferences -update
//
// A script gets its servers by the environment, as servers_test.go lists them. What a scripted
// server does is said by comments at the script's start, as scripted_test.go has it.
package compat
