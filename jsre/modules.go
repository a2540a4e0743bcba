package jsre

import (
	"dunlin/jsre/engine"
	"dunlin/jsre/module/buffer"
	"dunlin/jsre/module/events"
	"dunlin/jsre/module/iosched"
	"dunlin/jsre/module/task"
	"dunlin/jsre/module/timers"
)

// Modules are the native modules every script has. The order matters for their Setup only.
func Modules() []engine.Module {
	return []engine.Module{
		buffer.Module(),
		events.Module(),
		timers.Module(),
		task.Module(),
		iosched.Module(),
	}
}
