package jsre_test

import (
	"strings"
	"testing"
)

func TestMqttIsThereWithoutAsking(t *testing.T) {
	stdout, _, err := run(t, `const mqtt = require('mqtt'); console.log(mqtt === require('edgeros:mqtt'), mqtt.mode());`)
	if err != nil || stdout != "true publisher\n" {
		t.Errorf("%q, %v", stdout, err)
	}
}

func TestModuleSyntaxGetsAHint(t *testing.T) {
	_, _, err := run(t, "const a = 1;\nimport mqtt from 'mqtt';")
	if err == nil || !strings.Contains(err.Error(), "use require and module.exports") {
		t.Errorf("got %v", err)
	}
}
