package compat

// difference is what a script shows to be other than with MQTT.js on Node.js.
type difference struct{ node, here, why string }

// differences are the scripts that print something else, by name.
var differences = map[string]difference{}
