package engine

import (
	"errors"
	"reflect"
	"sync"
	"unsafe"

	"github.com/dop251/goja"
	"github.com/dop251/goja/unistring"
)

// A runtime has several hundred native functions, of which a script uses a few. goja makes each with a map
// of its own that holds its name and length, which is most of the memory that a runtime takes. The
// constructors of goja's own classes are smaller: they have a template, which is shared by all runtimes, and
// a property of it becomes one of the function when somebody asks for it. Native functions are made like these
// here. The types are goja's, as in parts.go.

type objectTemplate struct {
	propNames []unistring.String
	props     unsafe.Pointer // a map of functions that make a property, by its name

	symProps     unsafe.Pointer
	symPropNames []*goja.Symbol

	protoFactory func(*goja.Runtime) *goja.Object
}

type templatedObject struct {
	baseObject baseObject
	tmpl       *objectTemplate

	protoMaterialised bool
}

type templatedFuncObject struct {
	templatedObject templatedObject

	f         func(goja.FunctionCall) goja.Value
	construct func([]goja.Value, *goja.Object) *goja.Object
}

// templateProperties are the properties of a template, as goja has them in a map.
type templateProperties = map[unistring.String]func(*goja.Runtime) goja.Value

// nativeFunction is a native function in one piece of memory.
type nativeFunction struct {
	outer object
	inner templatedFuncObject
}

var errFunctions = errors.New("script engine: goja does not make the functions of its templates of the parts that they were made of; pin the goja version this was written for")

// functionKinds are what goja's functions with a template and their attributes are, by the first words of
// their interface values.
type functionKinds struct{ function, property unsafe.Pointer }

// theFunctionKinds looks at functions that goja has made; it is the same for all runtimes.
var theFunctionKinds = sync.OnceValues(func() (functionKinds, error) {
	model, _ := goja.New().Get("Number").(*goja.Object)
	if model == nil || !sameLayout(reflect.TypeFor[object](), reflect.TypeFor[goja.Object]()) {
		return functionKinds{}, errFunctions
	}
	self := reflect.ValueOf(model).Elem().FieldByName("self").Elem()
	if self.Kind() != reflect.Pointer || !sameLayout(reflect.TypeFor[templatedFuncObject](), self.Type().Elem()) || !templatesFit(self.Type().Elem()) {
		return functionKinds{}, errFunctions
	}
	model.Get("name") // makes it a property
	name := (*templatedFuncObject)(selfOf(model).data).templatedObject.baseObject.values["name"]
	if !sameProperty(reflect.TypeOf(name)) {
		return functionKinds{}, errFunctions
	}
	return functionKinds{selfOf(model).kind, valueWords(name).kind}, nil
})

// templatesFit compares the template of goja's functions with ours.
func templatesFit(function reflect.Type) bool {
	field, ok := function.FieldByName("tmpl")
	if !ok || field.Type.Kind() != reflect.Pointer || !sameLayout(reflect.TypeFor[objectTemplate](), field.Type.Elem()) {
		return false
	}
	props, ok := field.Type.Elem().FieldByName("props")
	ours := reflect.TypeFor[templateProperties]()
	return ok && props.Type.Key() == ours.Key() && props.Type.Elem().ConvertibleTo(ours.Elem())
}

// templates are the templates of native functions by name and length. Names that scripts make up are not
// kept without end.
var templates struct {
	sync.Mutex
	known map[templateKey]*objectTemplate
}

const maxTemplates = 5000

type templateKey struct {
	name   string
	length int
}

// template is the template of functions of that name and length, nil when there are too many.
func (k functionKinds) template(name string, length int) *objectTemplate {
	templates.Lock()
	defer templates.Unlock()
	key := templateKey{name, length}
	t := templates.known[key]
	if t == nil && len(templates.known) < maxTemplates {
		if templates.known == nil {
			templates.known = map[templateKey]*objectTemplate{}
		}
		t = k.newTemplate(name, length)
		templates.known[key] = t
	}
	return t
}

func (k functionKinds) newTemplate(name string, length int) *objectTemplate {
	attribute := func(v any) func(*goja.Runtime) goja.Value {
		return func(rt *goja.Runtime) goja.Value {
			w := anyInterface{k.property, unsafe.Pointer(&valueProperty{value: rt.ToValue(v), configurable: true})}
			return *(*goja.Value)(unsafe.Pointer(&w))
		}
	}
	props := templateProperties{"length": attribute(length), "name": attribute(name)}
	return &objectTemplate{
		propNames: []unistring.String{"length", "name"}, props: *(*unsafe.Pointer)(unsafe.Pointer(&props)),
		symProps: nil, symPropNames: nil, protoFactory: nil, // it has none of these
	}
}

// initFunctions looks at how goja makes functions.
func (vm *VM) initFunctions() (err error) {
	vm.functionProto = vm.rt.Get("Function").ToObject(vm.rt).Get("prototype").ToObject(vm.rt)
	vm.functions, err = theFunctionKinds()
	return err
}

// NewNative makes a native function with a name and a length.
func (vm *VM) NewNative(name string, length int, f func(goja.FunctionCall) goja.Value) *goja.Object {
	t := vm.functions.template(name, length)
	if t == nil {
		return vm.newFullFunction(name, length, f)
	}
	n := &nativeFunction{}
	n.outer = object{anyInterface{vm.functions.function, unsafe.Pointer(&n.inner)}, vm.rt}
	n.inner.f = f
	n.inner.templatedObject.tmpl = t
	n.inner.templatedObject.protoMaterialised = true
	base := &n.inner.templatedObject.baseObject
	base.class, base.val, base.prototype, base.extensible = "Function", n.outer.value(), vm.functionProto, true
	base.values = properties{}
	return n.outer.value()
}

// newFullFunction makes a native function that has its attributes from the beginning.
func (vm *VM) newFullFunction(name string, length int, f func(goja.FunctionCall) goja.Value) *goja.Object {
	fn := vm.rt.ToValue(f).ToObject(vm.rt)
	_ = fn.DefineDataProperty("name", vm.rt.ToValue(name), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	_ = fn.DefineDataProperty("length", vm.rt.ToValue(length), goja.FLAG_FALSE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	return fn
}
