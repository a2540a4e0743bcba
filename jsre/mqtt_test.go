package jsre_test

import "testing"

func TestMqttIsThereWithoutAsking(t *testing.T) {
	stdout, _, err := run(t, `const mqtt = require('mqtt'); console.log(mqtt === require('edgeros:mqtt'), mqtt.mode());`)
	if err != nil || stdout != "true publisher\n" {
		t.Errorf("%q, %v", stdout, err)
	}
}
