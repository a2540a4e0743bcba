package jsre

import (
	"dunlin/jsre/builtins"
	"dunlin/jsre/engine"
	"dunlin/jsre/module/assert"
	"dunlin/jsre/module/asynctimer"
	"dunlin/jsre/module/buffer"
	"dunlin/jsre/module/console"
	"dunlin/jsre/module/crypto"
	"dunlin/jsre/module/dns"
	"dunlin/jsre/module/domexception"
	"dunlin/jsre/module/events"
	"dunlin/jsre/module/fs"
	"dunlin/jsre/module/iosched"
	"dunlin/jsre/module/mqtt"
	"dunlin/jsre/module/nodeutil"
	jsos "dunlin/jsre/module/os"
	"dunlin/jsre/module/path"
	"dunlin/jsre/module/performance"
	"dunlin/jsre/module/process"
	"dunlin/jsre/module/querystring"
	"dunlin/jsre/module/readline"
	"dunlin/jsre/module/socket"
	"dunlin/jsre/module/stringdecoder"
	"dunlin/jsre/module/structuredclone"
	"dunlin/jsre/module/sys"
	"dunlin/jsre/module/task"
	"dunlin/jsre/module/textcodec"
	"dunlin/jsre/module/timers"
	"dunlin/jsre/module/tls"
	"dunlin/jsre/module/url"
)

// Modules are the native modules every script has. The order matters for their Setup only.
func Modules() []engine.Module {
	return []engine.Module{
		engine.LoaderModule(),
		builtins.Module(),
		buffer.Module(),
		textcodec.Module(),
		domexception.Module(),
		structuredclone.Module(),
		events.Module(),
		timers.Module(),
		task.Module(),
		console.Module(),
		process.Module(),
		iosched.Module(),
		socket.Module(),
		tls.Module(),
		dns.Module(),
		fs.Module(),
		path.Module(),
		sys.Module(),
		nodeutil.Module(),
		querystring.Module(),
		readline.Module(),
		readline.Promises(),
		stringdecoder.Module(),
		jsos.Module(),
		fs.PromisesModule(),
		url.Module(),
		crypto.Module(),
		assert.Module(),
		assert.Strict(),
		dns.Promises(),
		timers.Promises(),
		asynctimer.Module(),
		performance.Module(),
		mqtt.Module(mqtt.Options{}),
	}
}
