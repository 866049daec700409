package segment

import (
	"context"
	"runtime"
	"slices"
	"sync"
)

// A queue holds the requests that wait while an earlier group is being committed.
// A request that joins while there is no leader becomes the leader: it takes all
// waiting requests as a group, commits them, and makes the next waiting request the
// leader.
type queue struct {
	mu        sync.Mutex
	waiting   []*request
	group     []*request // the requests that the leader took; waiting reuses its array
	hasLeader bool
	lastGroup int // size of the last group; used by the leader only
}

// turn is why a waiting request is woken.
type turn uint8

const (
	answered turn = iota // its outcome is known
	lead                 // it must lead the next group
)

// join adds r to the queue and reports whether r must lead.
func (q *queue) join(r *request) (leads bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, r)
	// Invariant: at most one request leads. hasLeader stays set until wakeNext finds no
	// request.
	leads = !q.hasLeader
	q.hasLeader = true
	return leads
}

// wait waits until r is answered or must lead. If ctx ends before that, wait
// withdraws r and answers it with ctx.Err().
func (q *queue) wait(ctx context.Context, r *request) turn {
	select {
	case t := <-r.turn:
		return t
	case <-ctx.Done():
	}
	q.mu.Lock()
	i := slices.Index(q.waiting, r)
	// A request that was made the leader must lead, or the queue would stop.
	if i >= 0 && len(r.turn) == 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
		q.mu.Unlock()
		r.err = ctx.Err()
		return answered
	}
	q.mu.Unlock()
	return <-r.turn
}

// take returns all waiting requests, for the leader. The callers of the last group
// were woken a moment ago and may come again: take yields to them first, because a
// group costs one fsync however large it is.
func (q *queue) take() []*request {
	for n := q.lastGroup; n > 1 && q.count() < q.lastGroup; n-- {
		runtime.Gosched()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.group, q.waiting = q.waiting, q.group[:0]
	q.lastGroup = len(q.group)
	return q.group
}

func (q *queue) count() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// wakeNext makes the first waiting request the next leader, if there is one.
func (q *queue) wakeNext() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.group) // a reference here would keep an answered request from being collected
	q.hasLeader = len(q.waiting) > 0
	if q.hasLeader {
		q.waiting[0].turn <- lead
	}
}
