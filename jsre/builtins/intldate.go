package builtins

import (
	"cmp"
	"strings"
	"time"

	"github.com/dop251/goja"

	"dunlin/jsre/builtins/intl"
)

// date reads the options of a date. need says which parts it has when none is asked for: date, time or
// both.
func (x *locales) date(locale, opts goja.Value, need string) *intl.Date {
	o := x.options("DateTimeFormat", opts)
	d := &intl.Date{Locale: x.find(locale), Zone: time.Local, ZoneID: time.Local.String()}
	if id := o.text("timeZone", ""); id != "" {
		var ok bool
		if d.Zone, d.ZoneID, ok = intl.Zone(id); !ok {
			x.rangeError("Invalid time zone specified: " + id)
		}
	}
	width := []string{"numeric", "2-digit"}
	names := []string{"long", "short", "narrow"}
	d.Weekday = o.text("weekday", "", names...)
	d.Era = o.text("era", "", names...)
	d.Year = o.text("year", "", width...)
	d.Month = o.text("month", "", "numeric", "2-digit", "long", "short", "narrow")
	d.Day = o.text("day", "", width...)
	d.Hour = o.text("hour", "", width...)
	d.Minute = o.text("minute", "", width...)
	d.Second = o.text("second", "", width...)
	d.Fraction = o.number("fractionalSecondDigits", 1, 3, 0)
	d.ZoneName = o.text("timeZoneName", "", "short", "long", "shortOffset", "longOffset", "shortGeneric", "longGeneric")
	if strings.HasPrefix(d.ZoneName, "long") {
		d.ZoneName = "long"
	} else if d.ZoneName != "" {
		d.ZoneName = "short"
	}
	styles := []string{"full", "long", "medium", "short"}
	d.DateStyle = o.text("dateStyle", "", styles...)
	d.TimeStyle = o.text("timeStyle", "", styles...)
	x.clockOptions(d, o)
	x.dateDefaults(d, need)
	return d
}

func (x *locales) clockOptions(d *intl.Date, o options) {
	d.Twelve = d.Locale.Twelve()
	switch o.text("hourCycle", "", "h11", "h12", "h23", "h24") {
	case "h11":
		d.Twelve, d.HourZero = true, true
	case "h12":
		d.Twelve = true
	case "h23":
		d.Twelve = false
	case "h24":
		d.Twelve, d.HourZero = false, true
	}
	if v, set := o.flag("hour12"); set {
		// The engines give 24 for midnight in locales that have twelve hours by default.
		d.HourZero = !v && d.Locale.Twelve()
		d.Twelve = v
	}
}

func (x *locales) dateDefaults(d *intl.Date, need string) {
	dated := d.Weekday != "" || d.Year != "" || d.Month != "" || d.Day != ""
	timed := d.Hour != "" || d.Minute != "" || d.Second != "" || d.Fraction > 0
	if style := cmp.Or(d.DateStyle, d.TimeStyle); style != "" {
		if dated || timed || d.ZoneName != "" {
			x.typeError("Can't set option " + firstSet(d) + " when " + map[bool]string{true: "dateStyle", false: "timeStyle"}[d.DateStyle != ""] + " is used")
		}
		return
	}
	if dated && need != "time" || timed && need != "date" {
		return
	}
	addDefaults(d, need)
}

// addDefaults shows what a method shows where its options name no field.
func addDefaults(d *intl.Date, need string) {
	if need != "time" {
		d.Year, d.Month, d.Day = "numeric", "numeric", "numeric"
	}
	if need == "time" || need == "both" {
		d.Hour, d.Minute, d.Second = "numeric", "2-digit", "2-digit"
	}
}

func firstSet(d *intl.Date) string {
	for _, f := range []struct{ name, value string }{{"weekday", d.Weekday}, {"year", d.Year}, {"month", d.Month}, {"day", d.Day}, {"hour", d.Hour}, {"minute", d.Minute}, {"second", d.Second}, {"timeZoneName", d.ZoneName}} {
		if f.value != "" {
			return f.name
		}
	}
	return "fractionalSecondDigits"
}

// moment is the argument of format: a Date, a number, or now.
func (x *locales) moment(v goja.Value) time.Time {
	if undefined(v) {
		return time.Now()
	}
	f := v.ToNumber()
	t, ok := timeOf(f.ToFloat())
	if !ok {
		x.rangeError("Invalid time value")
	}
	return t
}

// dateText is the text of a date; V8 writes a plain space before AM and PM.
func dateText(parts []intl.Part) string {
	return strings.ReplaceAll(intl.Join(parts), "\u202f", " ")
}

func (x *locales) dateTimeFormat(o *goja.Object) {
	proto := x.class(o, "DateTimeFormat", true, func(c []goja.Value) any { return x.date(c[0], c[1], "any") })
	this := func(v goja.Value) *intl.Date { return held[*intl.Date](x, v, "DateTimeFormat.prototype.format") }
	x.bound(proto, "format", func(v goja.Value) { this(v) }, func(v goja.Value, c goja.FunctionCall) goja.Value {
		return x.rt.ToValue(dateText(this(v).Format(x.moment(c.Argument(0)))))
	})
	x.vm.NativeMethod(proto, "formatToParts", 1, func(c goja.FunctionCall) goja.Value {
		return x.parts(this(c.This).Format(x.moment(c.Argument(0))))
	})
	x.vm.NativeMethod(proto, "formatRange", 2, func(c goja.FunctionCall) goja.Value {
		d := this(c.This)
		a, b := dateText(d.Format(x.moment(c.Argument(0)))), dateText(d.Format(x.moment(c.Argument(1))))
		if a == b {
			return x.rt.ToValue(a)
		}
		return x.rt.ToValue(a + " – " + b)
	})
	x.vm.NativeMethod(proto, "resolvedOptions", 0, func(c goja.FunctionCall) goja.Value {
		d := this(c.This)
		zone := d.ZoneID
		if zone == "Local" {
			zone = intl.LocalZone()
		}
		out := x.vm.NewObject("locale", d.Locale.Tag, "calendar", "gregory", "numberingSystem", "latn", "timeZone", zone)
		if d.Hour != "" || d.TimeStyle != "" {
			cycle := "h23"
			if d.Twelve {
				cycle = "h12"
			}
			_ = out.Set("hourCycle", cycle)
			_ = out.Set("hour12", d.Twelve)
		}
		for _, f := range []struct{ name, value string }{
			{"weekday", d.Weekday},
			{"era", d.Era},
			{"year", d.Year},
			{"month", d.Month},
			{"day", d.Day},
			{"hour", d.Hour},
			{"minute", d.Minute},
			{"second", d.Second},
			{"timeZoneName", d.ZoneName},
			{"dateStyle", d.DateStyle},
			{"timeStyle", d.TimeStyle},
		} {
			if f.value != "" {
				_ = out.Set(f.name, f.value)
			}
		}
		return out
	})
}

// setDateMethods defines the texts of Date.
func (x *locales) setDateMethods() {
	proto := x.proto("Date")
	getTime, _ := x.vm.ToFunc(proto.Get("getTime"))
	for name, need := range map[string]string{"toLocaleString": "both", "toLocaleDateString": "date", "toLocaleTimeString": "time"} {
		x.vm.NativeMethod(proto, name, 0, func(c goja.FunctionCall) goja.Value {
			t, ok := timeOf(getTime.Call(c.This).ToFloat())
			if !ok {
				return x.rt.ToValue("Invalid Date")
			}
			d := x.date(c.Argument(0), c.Argument(1), need)
			if need == "date" && d.TimeStyle != "" || need == "time" && d.DateStyle != "" {
				x.typeError("Invalid option : " + map[bool]string{true: "timeStyle", false: "dateStyle"}[need == "date"])
			}
			return x.rt.ToValue(dateText(d.Format(t)))
		})
	}
	for name, layout := range map[string]string{"toString": "Mon Jan 02 2006 15:04:05 GMT-0700", "toTimeString": "15:04:05 GMT-0700"} {
		old, _ := x.vm.ToFunc(proto.Get(name))
		x.vm.NativeMethod(proto, name, 0, func(c goja.FunctionCall) goja.Value {
			t, ok := timeOf(getTime.Call(c.This).ToFloat())
			if year := t.Year(); !ok || year < 0 || year > 9999 {
				return old.Call(c.This)
			}
			t = t.Local()
			return x.rt.ToValue(t.Format(layout) + " (" + intl.LongZone(t) + ")")
		})
	}
}
