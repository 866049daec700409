package segment

import (
	"context"
	"runtime"
	"slices"
	"sync"
)

// A queue is where requests wait while an earlier group is being committed.
// The first to find nobody at work leads: it takes all that wait as a group,
// and when that is done wakes the next to lead.
type queue struct {
	mu        sync.Mutex
	waiting   []*request
	group     []*request // by the leader
	hasLeader bool
	lastGroup int // how many the last group had; the leader's
}

// turn is what a waiting request is woken for.
type turn uint8

const (
	answered turn = iota
	lead
)

// join puts r in the queue and says whether it is to lead.
func (q *queue) join(r *request) (leads bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, r)
	leads = !q.hasLeader
	q.hasLeader = true
	return leads
}

// wait waits for the turn of r, or until ctx ends, which takes it out of the queue.
func (q *queue) wait(ctx context.Context, r *request) turn {
	select {
	case t := <-r.turn:
		return t
	case <-ctx.Done():
	}
	q.mu.Lock()
	i := slices.Index(q.waiting, r)
	if i >= 0 && len(r.turn) == 0 {
		q.waiting = slices.Delete(q.waiting, i, i+1)
		q.mu.Unlock()
		r.err = ctx.Err()
		return answered
	}
	q.mu.Unlock()
	return <-r.turn
}

// take returns all that wait, for their leader. Those whom the last group's
// commit has woken may be about to come again: they get a chance to, for a
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

// wakeNext has the first who waits lead, if there is one.
func (q *queue) wakeNext() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.group)
	q.hasLeader = len(q.waiting) > 0
	if q.hasLeader {
		q.waiting[0].turn <- lead
	}
}
