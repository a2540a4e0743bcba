package fleet

import (
	"slices"
	"testing"
)

// Words become the options of a sensor, each once however often it comes, and have no unit: Home Assistant refuses one that has.
func TestASensorOfWordsHasEachOnceAndNoUnit(t *testing.T) {
	t.Parallel()
	v := Value{Name: "valve", Unit: "state", Kind: kindSteps, Words: []string{"shut", "shut", "open"}}
	e := v.entity("t")
	if options, _ := e["options"].([]string); !slices.Equal(options, []string{"shut", "open"}) || e["unit_of_measurement"] != nil {
		t.Errorf("%v", e)
	}
}
