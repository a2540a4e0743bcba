package builtins

import (
	"math"
	"slices"
	"strings"

	"github.com/dop251/goja"

	"dunlin/jsre/builtins/intl"
)

func (x *locales) pluralRules(o *goja.Object) {
	type rules struct {
		number  *intl.Number
		ordinal bool
	}
	proto := x.class(o, "PluralRules", false, func(c []goja.Value) any {
		kind := x.options("PluralRules", c[1]).text("type", "cardinal", "cardinal", "ordinal")
		return &rules{x.number(c[0], c[1]), kind == "ordinal"}
	})
	language := func(r *rules) string { l, _, _ := strings.Cut(r.number.Locale.Tag, "-"); return l }
	x.vm.NativeMethod(proto, "select", 1, func(c goja.FunctionCall) goja.Value {
		r := held[*rules](x, c.This, "PluralRules.prototype.select")
		n := *r.number
		n.Locale, _ = intl.Find("en-US")
		n.Grouping = "false"
		text := intl.Join(x.formatNumber(&n, c.Argument(0)))
		return x.rt.ToValue(intl.Plural(language(r), text, r.ordinal))
	})
	x.vm.NativeMethod(proto, "resolvedOptions", 0, func(c goja.FunctionCall) goja.Value {
		r := held[*rules](x, c.This, "PluralRules.prototype.resolvedOptions")
		kind := "cardinal"
		if r.ordinal {
			kind = "ordinal"
		}
		return x.vm.NewObject("locale", r.number.Locale.Tag, "type", kind, "pluralCategories", intl.Categories(language(r), r.ordinal))
	})
}

func (x *locales) listFormat(o *goja.Object) {
	type list struct {
		locale      *intl.Locale
		kind, style string
	}
	proto := x.class(o, "ListFormat", false, func(c []goja.Value) any {
		o := x.options("ListFormat", c[1])
		return &list{x.find(c[0]), o.text("type", "conjunction", "conjunction", "disjunction", "unit"), o.text("style", "long", "long", "short", "narrow")}
	})
	format := func(c goja.FunctionCall) []intl.Part {
		l := held[*list](x, c.This, "ListFormat.prototype.format")
		var items []string
		if undefined(c.Argument(0)) {
			return nil
		}
		x.each(c.Argument(0), func(v goja.Value, _ int) {
			if !goja.IsString(v) {
				x.typeError("Iterable yielded " + x.show(v) + " which is not a string")
			}
			items = append(items, v.String())
		})
		return intl.List(l.locale, items, l.kind, l.style)
	}
	x.vm.NativeMethod(proto, "format", 1, func(c goja.FunctionCall) goja.Value { return x.rt.ToValue(intl.Join(format(c))) })
	x.vm.NativeMethod(proto, "formatToParts", 1, func(c goja.FunctionCall) goja.Value { return x.parts(format(c)) })
}

func (x *locales) relativeTimeFormat(o *goja.Object) {
	type relative struct {
		number *intl.Number
		style  string
		auto   bool
	}
	proto := x.class(o, "RelativeTimeFormat", false, func(c []goja.Value) any {
		o := x.options("RelativeTimeFormat", c[1])
		return &relative{x.number(c[0], goja.Undefined()), o.text("style", "long", "long", "short", "narrow"), o.text("numeric", "always", "always", "auto") == "auto"}
	})
	x.vm.NativeMethod(proto, "format", 2, func(c goja.FunctionCall) goja.Value {
		r := held[*relative](x, c.This, "RelativeTimeFormat.prototype.format")
		v, unit := c.Argument(0).ToFloat(), x.vm.ToText(c.Argument(1)).String()
		if !slices.Contains([]string{"second", "minute", "hour", "day", "week", "month", "quarter", "year"}, strings.TrimSuffix(unit, "s")) {
			x.rangeError("Invalid unit argument for format() '" + unit + "'")
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			x.rangeError("Invalid time value")
		}
		return x.rt.ToValue(intl.Join(intl.Relative(r.number, v, unit, r.style, r.auto)))
	})
}
