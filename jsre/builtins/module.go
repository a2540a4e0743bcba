package builtins

import (
	"dunlin/jsre/engine"
)

// Module defines what the language has and the engine lacks.
func Module() engine.Module {
	return engine.Module{Name: "builtins", Setup: setup}
}

func setup(vm *engine.VM) error {
	if err := setRegExps(vm); err != nil {
		return err
	}
	setLocales(vm)
	return setLang(vm)
}
