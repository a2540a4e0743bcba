package engine

import "github.com/dop251/goja"

// rejections are the promises that were rejected while nobody listened, in order.
type rejections struct {
	list []*goja.Promise // nil where one was handled after all
	at   map[*goja.Promise]int
}

func (r *rejections) any() bool { return len(r.at) > 0 }

func (r *rejections) add(p *goja.Promise) {
	if r.at == nil {
		r.at = map[*goja.Promise]int{}
	}
	r.at[p] = len(r.list)
	r.list = append(r.list, p)
}

func (r *rejections) handled(p *goja.Promise) {
	if i, ok := r.at[p]; ok {
		r.list[i] = nil
		delete(r.at, p)
	}
	if len(r.at) == 0 {
		*r = rejections{}
	}
}

// trackRejection is told by goja of promises that were rejected while nobody listened, and of those among them that
// somebody listens to then.
func (l *Loop) trackRejection(p *goja.Promise, op goja.PromiseRejectionOperation) {
	if op == goja.PromiseRejectionReject {
		l.rejected.add(p)
		return
	}
	l.rejected.handled(p)
}

// reportRejections tells the listeners of 'unhandledRejection', or ends the script.
func (l *Loop) reportRejections() {
	list := l.rejected.list
	l.rejected = rejections{}
	for _, p := range list {
		if p == nil {
			continue
		}
		if l.vm.tasks.Count("unhandledRejection") > 0 {
			l.vm.uncaught++
			l.guard(func() { l.vm.tasks.Emit("unhandledRejection", p.Result(), l.rt.ToValue(p)) })
			continue
		}
		l.uncaughtRejection(p.Result())
	}
}
