package engine

import "github.com/dop251/goja"

// callSite is what Error.prepareStackTrace gets for a frame: V8's CallSite.
func (m *errorMaker) callSite(f Frame) *goja.Object {
	o := m.vm.rt.NewObject()
	text := func(s string) any {
		if s == "" {
			return goja.Null()
		}
		return s
	}
	number := func(n int) any {
		if f.File == "" {
			return goja.Null()
		}
		return n
	}
	for name, v := range map[string]any{
		"getThis": goja.Undefined(), "getFunction": goja.Undefined(), "getTypeName": goja.Null(), "getMethodName": goja.Null(),
		"getFunctionName": text(f.Func), "getFileName": text(f.File), "getScriptNameOrSourceURL": text(f.File),
		"getLineNumber": number(f.Line), "getColumnNumber": number(f.Column), "getEvalOrigin": goja.Undefined(),
		"isNative": f.File == "", "isToplevel": f.Func == "", "isConstructor": false, "isEval": false,
		"isAsync": f.Async, "isPromiseAll": false, "getPromiseIndex": goja.Null(), "toString": f.stackLine(),
	} {
		v := m.vm.rt.ToValue(v)
		m.vm.Method(o, name, func(goja.FunctionCall) goja.Value { return v })
	}
	return o
}
