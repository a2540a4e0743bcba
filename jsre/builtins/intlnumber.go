package builtins

import (
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/builtins/intl"
)

func (x *locales) number(locale, opts goja.Value) *intl.Number {
	o := x.options("NumberFormat", opts)
	n := &intl.Number{Locale: x.find(locale)}
	n.Style = o.text("style", "decimal", "decimal", "percent", "currency", "unit")
	n.Currency = strings.ToUpper(o.text("currency", ""))
	if n.Currency == "" && n.Style == "currency" {
		x.typeError("Currency code is required with currency style.")
	}
	if n.Currency != "" && len(n.Currency) != 3 {
		x.rangeError("Invalid currency code : " + n.Currency)
	}
	n.CurrencyDisplay = o.text("currencyDisplay", "symbol", "code", "symbol", "narrowSymbol", "name")
	n.Accounting = o.text("currencySign", "standard", "standard", "accounting") == "accounting"
	n.Unit = o.text("unit", "")
	if n.Unit == "" && n.Style == "unit" {
		x.typeError("Unit is required with unit style.")
	}
	n.UnitDisplay = o.text("unitDisplay", "short", "short", "narrow", "long")
	n.Notation = o.text("notation", "standard", "standard", "scientific", "engineering", "compact")
	n.CompactDisplay = o.text("compactDisplay", "short", "short", "long")
	n.SignDisplay = o.text("signDisplay", "auto", "auto", "always", "never", "exceptZero", "negative")
	n.Grouping = "auto"
	if n.Notation == "compact" {
		n.Grouping = "min2"
	}
	if o.o != nil {
		switch v := o.o.Get("useGrouping"); {
		case undefined(v):
		case goja.IsString(v):
			n.Grouping = o.text("useGrouping", "", "auto", "always", "min2", "true", "false")
			if n.Grouping == "true" || n.Grouping == "false" {
				n.Grouping = "auto"
			}
		case !v.ToBoolean():
			n.Grouping = "false"
		default:
			n.Grouping = "always"
		}
	}
	x.digitOptions(n, o)
	return n
}

func (x *locales) digitOptions(n *intl.Number, o options) {
	n.MinInteger = o.number("minimumIntegerDigits", 1, 21, 1)
	low := o.number("minimumFractionDigits", 0, 100, -1)
	high := o.number("maximumFractionDigits", 0, 100, -1)
	n.MinSignificant = o.number("minimumSignificantDigits", 1, 21, -1)
	n.MaxSignificant = o.number("maximumSignificantDigits", max(1, n.MinSignificant), 21, -1)
	if n.MinSignificant > 0 || n.MaxSignificant > 0 {
		n.MinSignificant = max(1, n.MinSignificant)
		if n.MaxSignificant < 0 {
			n.MaxSignificant = 21
		}
	}
	least, most := usualFraction(n)
	switch {
	case low < 0 && high < 0:
		n.MinFraction, n.MaxFraction = least, most
		if n.Notation == "compact" {
			n.MinFraction, n.MaxFraction = 0, -1
		}
	case low < 0:
		n.MinFraction, n.MaxFraction = min(least, high), high
	case high < 0:
		n.MinFraction, n.MaxFraction = low, max(most, low)
	default:
		if low > high {
			x.rangeError("maximumFractionDigits value is out of range.")
		}
		n.MinFraction, n.MaxFraction = low, high
	}
}

// usualFraction is how many digits a fraction has where nothing is said.
func usualFraction(n *intl.Number) (least, most int) {
	switch {
	case n.Style == "percent", n.Style == "currency" && strings.Contains("JPY KRW VND CLP ISK", n.Currency):
		return 0, 0
	case n.Style == "currency":
		return 2, 2
	}
	return 0, 3
}

// formatNumber writes a number, a BigInt or what becomes one.
func (x *locales) formatNumber(n *intl.Number, v goja.Value) []intl.Part {
	if o, ok := v.(*goja.Object); ok {
		v = o.ToNumber()
	}
	if goja.IsBigInt(v) {
		return n.FormatBig(v.String())
	}
	if _, ok := v.(*goja.Symbol); ok {
		x.typeError("Cannot convert a Symbol value to a number")
	}
	return n.Format(v.ToFloat())
}

func (x *locales) numberFormat(o *goja.Object) {
	const name = "NumberFormat"
	proto := x.class(o, name, true, func(c []goja.Value) any { return x.number(c[0], c[1]) })
	this := func(v goja.Value) *intl.Number { return held[*intl.Number](x, v, "NumberFormat.prototype.format") }
	x.bound(proto, "format", func(v goja.Value) { this(v) }, func(v goja.Value, c goja.FunctionCall) goja.Value {
		return x.rt.ToValue(intl.Join(x.formatNumber(this(v), c.Argument(0))))
	})
	x.vm.NativeMethod(proto, "formatToParts", 1, func(c goja.FunctionCall) goja.Value {
		return x.parts(x.formatNumber(this(c.This), c.Argument(0)))
	})
	x.vm.NativeMethod(proto, "resolvedOptions", 0, func(c goja.FunctionCall) goja.Value {
		n := this(c.This)
		out := x.vm.NewObject("locale", n.Locale.Tag, "numberingSystem", "latn", "style", n.Style)
		if n.Style == "currency" {
			_ = out.Set("currency", n.Currency)
			_ = out.Set("currencyDisplay", n.CurrencyDisplay)
		}
		if n.Style == "unit" {
			_ = out.Set("unit", n.Unit)
			_ = out.Set("unitDisplay", n.UnitDisplay)
		}
		_ = out.Set("minimumIntegerDigits", n.MinInteger)
		if n.MaxSignificant > 0 {
			_ = out.Set("minimumSignificantDigits", n.MinSignificant)
			_ = out.Set("maximumSignificantDigits", n.MaxSignificant)
		} else {
			_ = out.Set("minimumFractionDigits", n.MinFraction)
			_ = out.Set("maximumFractionDigits", max(n.MaxFraction, 0))
		}
		var grouping any = n.Grouping
		if n.Grouping == "false" {
			grouping = false
		}
		_ = out.Set("useGrouping", grouping)
		_ = out.Set("notation", n.Notation)
		_ = out.Set("signDisplay", n.SignDisplay)
		return out
	})
}

func (x *locales) setNumberMethods() {
	for _, class := range []string{"Number", "BigInt"} {
		proto := x.proto(class)
		valueOf, _ := x.vm.ToFunc(proto.Get("valueOf"))
		x.vm.NativeMethod(proto, "toLocaleString", 0, func(c goja.FunctionCall) goja.Value {
			var v goja.Value
			if x.rt.Try(func() { v = valueOf.Call(c.This) }) != nil {
				x.typeError(class + ".prototype.toLocaleString requires that 'this' be a " + class)
			}
			return x.rt.ToValue(intl.Join(x.formatNumber(x.number(c.Argument(0), c.Argument(1)), v)))
		})
	}
}
